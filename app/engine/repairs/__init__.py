"""Reading what weak models write: calls in text, broken JSON, wrong names and types, leaked tags, loops. All pure."""
