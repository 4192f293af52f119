"""The programs around a model's code, which run in the sandbox: they give back the value of its last expression.

Errors are told as Python and Node tell them, without the lines of these programs.
"""

FUNCTION = "run"
MOST_VALUE = 20_000
"""Characters of the last value that are told."""

PYTHON = f"""
import ast, linecache, sys, traceback

def run(code: str) -> dict:
    name = "<code>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    space = {{"__name__": "__main__"}}
    told = {{}}
    try:
        tree = ast.parse(code, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), space)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), name, "eval"), space)
            if value is not None:
                told["value"] = repr(value)[:{MOST_VALUE}]
        save_figures()
    except SystemExit as error:
        if error.code not in (None, 0):
            told["error"] = f"It left with the status {{error.code}}."
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        trace = [one for one in frames if not one.filename.endswith(("<tool>", "child.py"))]
        lines = traceback.format_exception_only(error)
        if trace and not isinstance(error, SyntaxError):
            lines = ["Traceback (most recent call last):\\n", *traceback.format_list(trace), *lines]
        told["error"] = "".join(lines)[-{MOST_VALUE}:]
    return told

def save_figures():
    plots = sys.modules.get("matplotlib.pyplot")
    if plots is not None:
        for number in plots.get_fignums():
            plots.figure(number).savefig(f"figure-{{number}}.png")
"""

WITH_TOOLS = (
    PYTHON.replace('space = {"__name__": "__main__"}', 'space = {"__name__": "__main__", **functions(tools)}').replace(
        "def run(code: str)", "def run(code: str, tools: dict)"
    )
    + """

def functions(tools: dict) -> dict:
    def made(name, order):
        def call(*placed, **named):
            return call_tool(name, {**dict(zip(order, placed)), **named})
        call.__name__ = call.__qualname__ = name
        return call
    return {name: made(name, order) for name, order in tools.items()}
"""
)
"""The same with a function for each tool: the names of its arguments in their order, by its name."""

JAVASCRIPT = f"""
import json, os, subprocess

AROUND = '''
const fs = require("fs"), vm = require("vm"), util = require("util");
const tell = (told) => fs.writeSync(Number(process.env.LARES_TOLD), JSON.stringify(told));
const failed = (error) => {{
  const ours = /\\\\n    at (?:new Script|Script\\\\.runInThisContext)/;
  const text = String((error && error.stack) || error).split(ours)[0];
  tell({{ error: text.slice(0, {MOST_VALUE}) }});
  process.exit(0);
}};
process.on("uncaughtException", failed);
process.on("unhandledRejection", failed);
globalThis.require = require;
(async () => {{
  const value = await vm.runInThisContext(fs.readFileSync(0, "utf8"), {{ filename: "code.js" }});
  process.on("exit", () => tell(value === undefined ? {{}} : {{ value: util.inspect(value).slice(0, {MOST_VALUE}) }}));
}})().catch(failed);
'''

def run(code: str, node: str) -> dict:
    read, write = os.pipe()
    environment = {{**os.environ, "LARES_TOLD": str(write), "NODE_OPTIONS": "--max-old-space-size=512"}}
    done = subprocess.run(
        [node, "-e", AROUND], input=code.encode(), pass_fds=(write,), env=environment, check=False
    )
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        body = pipe.read()
    if body:
        return json.loads(body)
    return {{"error": f"Node.js ended without a result (status {{done.returncode}})."}}
"""
