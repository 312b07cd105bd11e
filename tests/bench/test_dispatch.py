"""The bench of day plans: each format is read, solved and judged; the judges see what is wrong."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from servicehub.bench import dispatch
from servicehub.bench.problems import hhcrsp, trsp, vrptw

TRSP = """toy

INFO
CREW COUNT  SKILLS  TOOLS   SPARE PARTS
2       2       2       2

DEPOT TECHNICIANS AND REQUESTS
ID   X     Y     TWS    TWE    Serv   SKILLS   TOOLS    SPARE PARTS
0    0     0     0      1000   0      [] \t[] \t[]
1    10    0     0      1000   0      [0] \t[0] \t[1,0]
2    0     10    0      1000   0      [0,1] \t[] \t[0,0]
3    20    0     100    150    10     [0] \t[0] \t[1,0]
4    30    0     120    400    10     [0] \t[] \t[1,0]
5    0     30    50     90     10     [1] \t[] \t[0,0]
"""
HHCRSP = {
    "patients": [
        {"id": "p1", "time_window": [10, 60], "required_caregivers": [{"service": "s1", "duration": 5}]},
        {
            "id": "p2", "time_window": [20, 80],
            "required_caregivers": [{"service": "s1", "duration": 5}, {"service": "s2", "duration": 9}],
            "synchronization": {"type": "sequential", "distance": [5, 10]},
        },
    ],
    "services": [{"id": "s1", "default_duration": 5}, {"id": "s2", "default_duration": 5}],
    "caregivers": [{"id": "c1", "abilities": ["s1"]}, {"id": "c2", "abilities": ["s2"]}],
    "distances": [[0, 3, 4], [3, 0, 5], [4, 5, 0]],
}  # fmt: skip
VRP = """NAME: toy
TYPE: MDVRPTW
EDGE_WEIGHT_TYPE: EUC_2D
DIMENSION: 5
VEHICLES: 2
CAPACITY: 10
VEHICLES_MAX_DURATION: 60
NODE_COORD_SECTION
1\t0\t0
2\t50\t0
3\t3\t4
4\t53\t4
5\t3\t0
DEMAND_SECTION
1\t0
2\t0
3\t6
4\t6
5\t4
SERVICE_TIME_SECTION
1\t0
2\t0
3\t1
4\t1
5\t1
TIME_WINDOW_SECTION
1\t0\t1000
2\t0\t1000
3\t0\t1000
4\t100\t200
5\t0\t500
VEHICLES_DEPOT_SECTION
1\t1
2\t2
DEPOT_SECTION
1
2
-1
EOF
"""
SOLOMON = """toy100

VEHICLE
NUMBER     CAPACITY
  2         10

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE   TIME

    0      0         0          0          0       1000          0
    1      3         4          6          0       1000         10
    2      6         8          6         50       100          10
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trsp").mkdir()
    (tmp_path / "trsp" / "T.txt").write_text(TRSP, "utf-8")
    (tmp_path / "best_known.csv").write_text("instance,best\nT,150.0\nH,12.5\n", "utf-8")
    (tmp_path / "trsp" / "readme.txt").write_text("not an instance", "utf-8")
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "H.json.gz").write_bytes(gzip.compress(json.dumps(HHCRSP).encode()))
    (tmp_path / "h" / "best_known.csv").write_text("set,instance,cost\nm,H,10.0\n", "utf-8")
    (tmp_path / "M.vrp").write_text(VRP, "utf-8")
    (tmp_path / "M.sol").write_text("Route #1: 3 5\nCost: 22000\n", "utf-8")
    (tmp_path / "S.txt").write_text(SOLOMON, "utf-8")
    return tmp_path


def test_every_format_is_read_solved_judged_and_compared(folder: Path) -> None:
    heard: list[str] = []

    result = dispatch.measure(data=str(folder), seconds=0.2, told=lambda row: heard.append(row["name"]))

    rows = {row["name"]: row for row in result["instances"]}
    assert set(heard) == set(rows) == {"T", "H", "M", "S"}
    assert [rows[name]["kind"] for name in "THMS"] == ["trsp", "hhcrsp", "mdvrptw", "vrptw"]
    assert all(row["valid"] and row["peers"] == {} for row in result["instances"])
    assert result["all_valid"]
    assert rows["M"]["cost"] == pytest.approx(3 + 4 + 5 + 10)
    assert rows["M"]["gap_pct"] == 0
    assert rows["S"]["cost"] == 30.0  # one vehicle cannot carry both
    assert rows["S"]["gap_pct"] is None
    # p1, then both at p2: c1 drives 3 + 5 + 4, c2 4 + 4; nobody is late
    assert rows["H"]["cost"] == pytest.approx(20 / 3, abs=1e-3)
    # request 5 needs the second one, who fetches nothing; request 4 a part that the first one has used up
    assert rows["T"]["cost"] == pytest.approx(
        trsp.check(trsp.read(folder / "trsp" / "T.txt"), [(1, [0, 3, 4]), (2, [5])])[0]
    )


def test_a_folder_without_instances_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no instance"):
        dispatch.measure(data=str(tmp_path))


def test_the_judge_of_trsp_sees_what_is_wrong(folder: Path) -> None:
    toy = trsp.read(folder / "trsp" / "T.txt")

    assert trsp.check(toy, [(1, [3]), (2, [5, 0, 4])])[1] == []
    assert trsp.check(toy, [(1, [3, 4]), (2, [5])])[1] == ["1 lacks tools or parts for 4"]
    assert "1 lacks a skill for 5" in trsp.check(toy, [(1, [5, 0, 3, 4])])[1]
    assert "2 is late for 5" in trsp.check(toy, [(1, [3]), (2, [0, 4, 5])])[1]
    assert "request 4 is served 0 times" in trsp.check(toy, [(1, [3]), (2, [5])])[1]
    assert "the depot twice" in trsp.check(toy, [(1, [0, 3, 0, 4]), (2, [5])])[1]
    # from home at ten to the window at a hundred and back, without waiting: away as late as may be
    assert trsp.check(toy, [(1, [3])])[0] == pytest.approx(30)


def test_the_judge_of_shared_visits_sees_what_is_wrong(folder: Path) -> None:
    toy, visit = hhcrsp.read(folder / "h" / "H.json.gz"), hhcrsp.Visit
    right = [visit(0, 0, "s1", 10), visit(0, 1, "s1", 20), visit(1, 1, "s2", 25)]

    assert hhcrsp.check(toy, right) == (pytest.approx(20 / 3), [])
    assert hhcrsp.check(toy, [*right[:2], visit(1, 1, "s2", 31)])[1] == ["p2: 11 between two visits"]
    assert "p2 is not served as needed" in hhcrsp.check(toy, right[:2])[1]
    assert "c1 is not at p2 by 19" in hhcrsp.check(toy, [right[0], visit(0, 1, "s1", 19), visit(1, 1, "s2", 25)])[1]
    assert "c2 cannot do s1" in hhcrsp.check(toy, [visit(1, 0, "s1", 10), *right[1:]])[1]
    late = [right[0], visit(0, 1, "s1", 85), visit(1, 1, "s2", 90)]
    assert hhcrsp.check(toy, late)[0] == pytest.approx((20 + 5 + 10 + 10) / 3)


def test_the_judge_of_vehicles_sees_what_is_wrong(folder: Path) -> None:
    toy = vrptw.read(folder / "M.vrp")

    assert vrptw.check(toy, [(0, [4, 2]), (1, [3])]) == (22.0, [])
    assert "vehicle 0 is away for too long" in vrptw.check(toy, [(0, [3, 2, 4]), (1, [])])[1]
    assert "vehicle 1 is overloaded" in vrptw.check(toy, [(0, [4]), (1, [2, 3])])[1]
    assert "2 is served 2 times" in vrptw.check(toy, [(0, [4, 2]), (1, [3, 2])])[1]
    solomon = vrptw.read(folder / "S.txt")
    assert vrptw.check(solomon, [(0, [2]), (1, [1])]) == (30.0, [])
    assert "vehicle 1 is overloaded" in vrptw.check(solomon, [(1, [1, 2])])[1]
