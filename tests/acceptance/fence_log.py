"""Who wrote for which company under which fence, noted by triggers in the database of a test.

Each change of the lease's fence and each committed row that carries a run's number leaves a row.
On PostgreSQL rows are noted when they are committed, elsewhere when they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ordermirror.models import ENTRIES_PER_COMPANY

Execute = Callable[[str], list[tuple]]

NOTE = "INSERT INTO fence_log (company, fence, run) VALUES ({company}, {fence}, {run})"
HELD = "(SELECT MAX(fence) FROM ordermirror_lease WHERE company_id = {company})"
TAKEN = NOTE.format(company="NEW.company_id", fence="NEW.fence", run="NULL")


def _written(company: str) -> str:
    return NOTE.format(company=company, fence=HELD.format(company=company), run="NEW.run_id")


READ = _written("NEW.company_id")
CHANGED = _written(f"(NEW.order_id / {ENTRIES_PER_COMPANY})")
CHANGED_MARIADB = _written(f"(NEW.order_id DIV {ENTRIES_PER_COMPANY})")
COLUMNS = "company BIGINT, fence BIGINT, run BIGINT"

SQLITE = (
    f"CREATE TABLE fence_log (id INTEGER PRIMARY KEY AUTOINCREMENT, {COLUMNS})",
    f"CREATE TRIGGER taken AFTER UPDATE ON ordermirror_lease WHEN NEW.fence <> OLD.fence "
    f"BEGIN {TAKEN}; END",
    f"CREATE TRIGGER added AFTER INSERT ON ordermirror_orderread BEGIN {READ}; END",
    f"CREATE TRIGGER reread AFTER UPDATE ON ordermirror_orderread "
    f"WHEN NEW.read_at <> OLD.read_at BEGIN {READ}; END",
    f"CREATE TRIGGER changed AFTER INSERT ON ordermirror_orderchange BEGIN {CHANGED}; END",
)
MARIADB = (
    f"CREATE TABLE fence_log (id BIGINT PRIMARY KEY AUTO_INCREMENT, {COLUMNS})",
    f"CREATE TRIGGER taken AFTER UPDATE ON ordermirror_lease FOR EACH ROW "
    f"BEGIN IF NEW.fence <> OLD.fence THEN {TAKEN}; END IF; END",
    f"CREATE TRIGGER added AFTER INSERT ON ordermirror_orderread FOR EACH ROW {READ}",
    f"CREATE TRIGGER reread AFTER UPDATE ON ordermirror_orderread FOR EACH ROW "
    f"BEGIN IF NEW.read_at <> OLD.read_at THEN {READ}; END IF; END",
    "CREATE TRIGGER changed AFTER INSERT ON ordermirror_orderchange FOR EACH ROW "
    f"{CHANGED_MARIADB}",
)
AT_COMMIT = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
POSTGRESQL = (
    f"CREATE TABLE fence_log (id BIGSERIAL PRIMARY KEY, {COLUMNS})",
    f"CREATE FUNCTION taken() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN {TAKEN}; RETURN NULL; END $$",
    f"CREATE FUNCTION read_whole() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN {READ}; RETURN NULL; END $$",
    f"CREATE FUNCTION changed() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN {CHANGED}; RETURN NULL; END $$",
    "CREATE TRIGGER taken AFTER UPDATE ON ordermirror_lease FOR EACH ROW "
    "WHEN (NEW.fence <> OLD.fence) EXECUTE FUNCTION taken()",
    f"CREATE CONSTRAINT TRIGGER added AFTER INSERT ON ordermirror_orderread {AT_COMMIT} "
    "EXECUTE FUNCTION read_whole()",
    f"CREATE CONSTRAINT TRIGGER reread AFTER UPDATE ON ordermirror_orderread {AT_COMMIT} "
    "WHEN (NEW.read_at <> OLD.read_at) EXECUTE FUNCTION read_whole()",
    f"CREATE CONSTRAINT TRIGGER changed AFTER INSERT ON ordermirror_orderchange {AT_COMMIT} "
    "EXECUTE FUNCTION changed()",
)
STATEMENTS = {"sqlite": SQLITE, "mariadb": MARIADB, "postgresql": POSTGRESQL}


def install(engine: str, execute: Execute) -> None:
    for statement in STATEMENTS[engine]:
        execute(statement)


def stale(log: Iterable[tuple[int, int | None]]) -> list[str]:
    """What was written by another run than the one that writes under the newest fence.

    `log` holds (fence, run) in order; run is None where a fence was taken.
    """
    newest = 0
    writer: dict[int, int] = {}
    fences: dict[int, int] = {}
    found = []
    for fence, run in log:
        if run is None:
            if fence <= newest:
                found.append(f"fence {fence} was taken after {newest}")
            newest = fence
        elif fence != newest:
            found.append(f"run {run} wrote under fence {fence} after {newest} was taken")
        elif (writer.setdefault(fence, run), fences.setdefault(run, fence)) != (run, fence):
            found.append(
                f"runs {writer[fence]} and {run} wrote under fence {fence}; "
                f"run {run} had fence {fences[run]}"
            )
    return found
