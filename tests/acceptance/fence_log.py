"""Who wrote under which fence, noted by triggers in the database of a test.

Each change of the lease's fence and each committed row that carries a run's number leaves a row.
On PostgreSQL rows are noted when they are committed, elsewhere when they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

Execute = Callable[[str], list[tuple]]

NOTE = "INSERT INTO fence_log (fence, run) VALUES ({fence}, {run})"
WRITTEN = NOTE.format(fence="(SELECT MAX(fence) FROM ordermirror_lease)", run="NEW.run_id")
TAKEN = NOTE.format(fence="NEW.fence", run="NULL")

SQLITE = (
    "CREATE TABLE fence_log (id INTEGER PRIMARY KEY AUTOINCREMENT, fence BIGINT, run BIGINT)",
    f"CREATE TRIGGER taken AFTER UPDATE ON ordermirror_lease WHEN NEW.fence <> OLD.fence "
    f"BEGIN {TAKEN}; END",
    f"CREATE TRIGGER added AFTER INSERT ON ordermirror_orderread BEGIN {WRITTEN}; END",
    f"CREATE TRIGGER reread AFTER UPDATE ON ordermirror_orderread "
    f"WHEN NEW.read_at <> OLD.read_at BEGIN {WRITTEN}; END",
    f"CREATE TRIGGER changed AFTER INSERT ON ordermirror_orderchange BEGIN {WRITTEN}; END",
)
MARIADB = (
    "CREATE TABLE fence_log (id BIGINT PRIMARY KEY AUTO_INCREMENT, fence BIGINT, run BIGINT)",
    f"CREATE TRIGGER taken AFTER UPDATE ON ordermirror_lease FOR EACH ROW "
    f"BEGIN IF NEW.fence <> OLD.fence THEN {TAKEN}; END IF; END",
    f"CREATE TRIGGER added AFTER INSERT ON ordermirror_orderread FOR EACH ROW {WRITTEN}",
    f"CREATE TRIGGER reread AFTER UPDATE ON ordermirror_orderread FOR EACH ROW "
    f"BEGIN IF NEW.read_at <> OLD.read_at THEN {WRITTEN}; END IF; END",
    f"CREATE TRIGGER changed AFTER INSERT ON ordermirror_orderchange FOR EACH ROW {WRITTEN}",
)
AT_COMMIT = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
POSTGRESQL = (
    "CREATE TABLE fence_log (id BIGSERIAL PRIMARY KEY, fence BIGINT, run BIGINT)",
    f"CREATE FUNCTION taken() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN {TAKEN}; RETURN NULL; END $$",
    f"CREATE FUNCTION written() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN {WRITTEN}; RETURN NULL; END $$",
    "CREATE TRIGGER taken AFTER UPDATE ON ordermirror_lease FOR EACH ROW "
    "WHEN (NEW.fence <> OLD.fence) EXECUTE FUNCTION taken()",
    f"CREATE CONSTRAINT TRIGGER added AFTER INSERT ON ordermirror_orderread {AT_COMMIT} "
    "EXECUTE FUNCTION written()",
    f"CREATE CONSTRAINT TRIGGER reread AFTER UPDATE ON ordermirror_orderread {AT_COMMIT} "
    "WHEN (NEW.read_at <> OLD.read_at) EXECUTE FUNCTION written()",
    f"CREATE CONSTRAINT TRIGGER changed AFTER INSERT ON ordermirror_orderchange {AT_COMMIT} "
    "EXECUTE FUNCTION written()",
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
