"""Jobs: runs as the older clients name them. A job's id is its run's with another first word."""

from app.domain.error import NotFound
from app.domain.page import RunFilter
from app.domain.run import ACTIVE
from app.rest.call import Call, Endpoint
from app.rest.errors import Misshapen
from app.rest.requests.pages import RUN_PAGE, asked_page
from app.rest.routes.runs import one_run
from app.rest.wire.base import Nothing
from app.rest.wire.runs import Job, JobQuery, job_to_wire


async def list_jobs(call: Call[JobQuery, None]) -> list[Job]:
    """Jobs, newest first."""
    return await _list(call, bool(call.query.active))


async def list_active(call: Call[JobQuery, None]) -> list[Job]:
    """Jobs that go on now."""
    return await _list(call, True)


async def _list(call: Call[JobQuery, None], active: bool) -> list[Job]:
    query = call.query
    cursors = {
        name: f"run-{value.partition('-')[2]}"
        for name in ("before", "after")
        if (value := getattr(query, name)) is not None and value.startswith(("job-", "run-"))
    }
    if len(cursors) < sum(getattr(query, name) is not None for name in ("before", "after")):
        raise Misshapen("query: an id of the form job-<uuid4> is needed")
    asked = asked_page(query.model_copy(update=cursors), "run", RUN_PAGE)
    page = await call.services.listing.runs(RunFilter(statuses=ACTIVE if active else ()), asked)
    return [job_to_wire(run, page) for run in page.runs]


def _run_id(call: Call[Nothing, None]) -> str:
    kind, _, number = call.id("job_id").partition("-")
    if kind == "file":
        raise NotFound("This file does not exist: folders are not part of this version of Lares.")
    return f"run-{number}"


async def get_job(call: Call[Nothing, None]) -> Job:
    """One job."""
    return job_to_wire(*await one_run(call, _run_id(call)))


async def delete_job(call: Call[Nothing, None]) -> Job:
    """Takes an ended job out of the lists."""
    run, page = await one_run(call, _run_id(call))
    await call.services.turns.delete(run.id)
    return job_to_wire(run, page)


async def cancel_job(call: Call[Nothing, None]) -> Job:
    """Stops a job; one that has ended stays as it is."""
    run, _ = await one_run(call, _run_id(call))
    await call.services.runs.cancel(run.id)
    return job_to_wire(*await one_run(call, run.id))


ENDPOINTS = (
    Endpoint("GET", "/v1/jobs", list_jobs),
    Endpoint("GET", "/v1/jobs/active", list_active),
    Endpoint("GET", "/v1/jobs/{job_id}", get_job),
    Endpoint("DELETE", "/v1/jobs/{job_id}", delete_job),
    Endpoint("PATCH", "/v1/jobs/{job_id}/cancel", cancel_job),
)
