"""Public solvers on a drawn city, for comparison only; none of them is a dependency of the product.

Each runs in a process of its own with one thread and a limit of time that is enforced: some do not keep the one they are given.
"""

from __future__ import annotations

import importlib
import multiprocessing
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from servicehub.bench.problems.city import BITS, UNSERVED, City, seconds_between

Routes = list[list[int]]
PATIENCE = 3.0
"""Times its limit after which a solver is stopped."""
FAR = 10**7


def run(name: str, city: City, seconds: float) -> tuple[Routes | None, float, str]:
    """Routes by technician, seconds of wall time, and why there is no answer."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(theirs, name, city, seconds), daemon=True)
    began = time.perf_counter()
    child.start()
    theirs.close()
    found: tuple[Routes | None, float, str]
    try:
        answered = ours.poll(PATIENCE * seconds + 30)
        found = (
            ours.recv()
            if answered
            else (None, time.perf_counter() - began, f"no answer in {PATIENCE:g} times its limit")
        )
    except EOFError:
        found = (None, time.perf_counter() - began, "ended without an answer")
    child.kill()
    child.join()
    return found


def _child(pipe: Connection, name: str, city: City, seconds: float) -> None:
    began = time.perf_counter()
    try:
        routes = SOLVERS[name](city, seconds)
        pipe.send((routes, time.perf_counter() - began, "" if routes else "found no plan"))
    except ImportError:
        pipe.send((None, 0.0, 'missing: pip install -e ".[bench]"'))
    except Exception as error:  # noqa: BLE001 - whatever a peer cannot do is its row
        pipe.send((None, time.perf_counter() - began, f"{type(error).__name__}: {error}"[:200]))


def _ways(city: City) -> np.ndarray:
    """[node, node] whole seconds; homes first, then orders."""
    points = np.vstack([city.homes, city.places])
    ways = np.empty((len(points), len(points)), np.int64)
    for row in range(len(points)):
        ways[row] = seconds_between(points[row], points)
    return ways


def _bits(mask: int) -> set[int]:
    return {bit for bit in range(BITS) if mask >> bit & 1}


def vroom(city: City, seconds: float, exploration: int = 5) -> Routes:
    """VROOM: what somebody is or brings are skills, a blocked pair a skill that all others have."""
    library = importlib.import_module("vroom")
    question = library.Input()
    question.set_durations_matrix("car", _ways(city).astype(np.uint32))
    apart = BITS + np.arange(city.orders)
    question.add_vehicle(
        [
            library.Vehicle(
                who,
                start=who,
                end=None,
                skills=_bits(int(city.has[who]))
                | {int(apart[o]) for o, people in city.blocked.items() if who not in people},
                time_window=library.TimeWindow(int(city.opens[who]), int(city.closes[who])),
            )
            for who in range(city.technicians)
        ]
    )
    for order in range(city.orders):
        skills = _bits(int(city.needs[order])) | ({int(apart[order])} if order in city.blocked else set())
        window = library.TimeWindow(int(city.earliest[order]), int(city.latest[order]))
        question.add_job(
            library.Job(
                order, location=city.technicians + order, default_service=int(city.service[order]), skills=skills,
                time_windows=[window],
            )
        )  # fmt: skip
    answer = question.solve(exploration_level=exploration, nb_threads=1, timeout=timedelta(seconds=seconds))
    jobs = answer.routes[answer.routes.type == "job"]
    routes: Routes = [[] for _ in range(city.technicians)]
    for who, order in zip(jobs.vehicle_id.to_numpy(), jobs.id.to_numpy(), strict=True):
        routes[int(who)].append(int(order))
    return routes


def pyvrp(city: City, seconds: float) -> Routes:
    """PyVRP: everybody is a vehicle type; what an order needs is a load that others cannot carry."""
    library, stop = importlib.import_module("pyvrp"), importlib.import_module("pyvrp.stop")
    ways, nodes = _ways(city), city.technicians + city.orders
    table = np.zeros((nodes + 1, nodes + 1), np.int64)
    table[:nodes, :nodes], table[nodes, :nodes] = ways, FAR  # the last one is where the day ends: anywhere
    points = np.vstack([city.homes, city.places, [[0.0, 0.0]]])
    blocked = {order: BITS + k for k, order in enumerate(sorted(city.blocked))}
    loads = BITS + len(blocked)

    def needs(order: int) -> list[int]:
        wanted = _bits(int(city.needs[order])) | ({blocked[order]} if order in blocked else set())
        return [int(load in wanted) for load in range(loads)]

    clients = [
        library.Client(
            city.technicians + order, delivery=needs(order), service_duration=int(city.service[order]),
            tw_early=int(city.earliest[order]), tw_late=int(city.latest[order]), prize=UNSERVED, required=False,
        )
        for order in range(city.orders)
    ]  # fmt: skip
    types = []
    for who in range(city.technicians):
        has = _bits(int(city.has[who])) | {bit for order, bit in blocked.items() if who not in city.blocked[order]}
        types.append(
            library.VehicleType(
                1, [city.orders * (load in has) for load in range(loads)], start_depot=who, end_depot=city.technicians,
                tw_early=int(city.opens[who]), tw_late=int(city.closes[who]),
            )
        )  # fmt: skip
    data = library.ProblemData(
        [library.Location(float(x), float(y)) for x, y in points], clients,
        [library.Depot(who) for who in range(city.technicians)] + [library.Depot(nodes)], types, [table], [table],
    )  # fmt: skip
    result = library.solve(data, stop.MaxRuntime(seconds), seed=1, collect_stats=False, display=False)
    routes: Routes = [[] for _ in range(city.technicians)]
    for route in result.best.routes():
        routes[route.vehicle_type()] += [int(visit.idx) for visit in route if visit.is_client()]
    return routes


def ortools(city: City, seconds: float) -> Routes:
    """OR-Tools routing: parallel cheapest insertion, then guided local search."""
    solver = importlib.import_module("ortools.constraint_solver.pywrapcp")
    enums = importlib.import_module("ortools.constraint_solver.routing_enums_pb2")
    nodes, able = city.technicians + city.orders, city.able()
    table, service = np.zeros((nodes + 1, nodes + 1), np.int64), np.zeros(nodes + 1, np.int64)
    table[:nodes, :nodes], service[city.technicians : nodes] = _ways(city), city.service
    manager = solver.RoutingIndexManager(
        nodes + 1, city.technicians, list(range(city.technicians)), [nodes] * city.technicians
    )
    model = solver.RoutingModel(manager)
    model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitMatrix(table.tolist()))
    day = 24 * 3600
    model.AddDimension(model.RegisterTransitMatrix((table + service[:, None]).tolist()), day, day, False, "time")  # noqa: FBT003
    clock = model.GetDimensionOrDie("time")
    for order in range(city.orders):
        index = manager.NodeToIndex(city.technicians + order)
        clock.CumulVar(index).SetRange(int(city.earliest[order]), int(city.latest[order]))
        model.AddDisjunction([index], UNSERVED)
        model.VehicleVar(index).SetValues([-1, *np.flatnonzero(able[:, order]).tolist()])
    for who in range(city.technicians):
        for end in (model.Start(who), model.End(who)):
            clock.CumulVar(end).SetRange(int(city.opens[who]), int(city.closes[who]))
    how = solver.DefaultRoutingSearchParameters()
    how.first_solution_strategy = enums.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    how.local_search_metaheuristic = enums.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    how.time_limit.FromMilliseconds(int(1000 * seconds))
    answer = model.SolveWithParameters(how)
    routes: Routes = []
    for who in range(city.technicians if answer else 0):
        routes.append([])
        index = answer.Value(model.NextVar(model.Start(who)))
        while not model.IsEnd(index):
            routes[-1].append(manager.IndexToNode(index) - city.technicians)
            index = answer.Value(model.NextVar(index))
    return routes


SOLVERS: dict[str, Callable[[City, float], Routes]] = {"vroom": vroom, "pyvrp": pyvrp, "ortools": ortools}


def optimum(city: City, seconds: float) -> tuple[int, bool]:
    """Least cost by CP-SAT, a circuit for each technician, and whether it is proven. For small cities.

    Raises: ValueError when it is not installed.
    """
    try:
        cp = importlib.import_module("ortools.sat.python.cp_model")
    except ImportError as error:
        raise ValueError('CP-SAT is missing: pip install -e ".[bench]"') from error
    model, able = cp.CpModel(), city.able()
    start = [model.new_int_var(int(city.earliest[o]), int(city.latest[o]), "") for o in range(city.orders)]
    serves: list[list[Any]] = [[] for _ in range(city.orders)]
    costs = []
    for who in range(city.technicians):
        mine = np.flatnonzero(able[who]).tolist()
        node = {order: k + 1 for k, order in enumerate(mine)}
        arcs = [(0, 0, model.new_bool_var(""))]
        for order in mine:
            way = int(seconds_between(city.homes[who], city.places[order]))
            first, last, not_his = (model.new_bool_var("") for _ in range(3))
            arcs += [(0, node[order], first), (node[order], 0, last), (node[order], node[order], not_his)]
            costs.append(way * first)
            serves[order].append(not_his.negated())
            model.add(start[order] >= int(city.opens[who]) + way).only_enforce_if(first)
            model.add(start[order] + int(city.service[order]) <= int(city.closes[who])).only_enforce_if(last)
            for other in mine:
                way = int(seconds_between(city.places[order], city.places[other]))
                done = int(city.service[order]) + way
                if other != order and city.earliest[order] + done <= city.latest[other]:
                    follows = model.new_bool_var("")
                    arcs.append((node[order], node[other], follows))
                    costs.append(way * follows)
                    model.add(start[other] >= start[order] + done).only_enforce_if(follows)
        model.add_circuit(arcs)
    nobody = [model.new_bool_var("") for _ in range(city.orders)]
    for order in range(city.orders):
        model.add_exactly_one([*serves[order], nobody[order]])
    model.minimize(sum(costs) + UNSERVED * sum(nobody))
    solver = cp.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model)
    return round(solver.objective_value), bool(status == cp.OPTIMAL)
