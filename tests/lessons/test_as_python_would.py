"""A checked script does what `python FILE.py` does: the interpreter itself is the oracle, for output and for errors."""

import ast
import subprocess
import sys
import threading

import pytest

from gradline.lessons.checker import rewriting
from gradline.lessons.checker.looks import BLIND
from gradline.lessons.checker.script import without_us
from tests.lessons.checking import run

SCRIPTS = {
    "who_am_i": """
import __main__, sys, os
print(__name__, os.path.basename(__file__), sys.argv[1:], __spec__, __package__, type(__loader__).__name__, __doc__)
print(sorted(globals()), dir(), sys.path[0] == os.path.dirname(os.path.realpath(__file__)))
print(__main__.__dict__ is globals(), sys.modules["__main__"] is __main__)
if __name__ == "__main__":
    print("main", os.getcwd() == os.path.dirname(__file__))
""",
    "docstring_and_future": '''"""What it says."""
from __future__ import annotations
import math

def f(x: a - b = 3) -> c - d:
    """Nothing - much."""
    y: x - 1 = x - 2
    return y

print(__doc__, f.__doc__, f.__annotations__, f(), __annotations__)
''',
    "no_future": """
x: int = 7 - 3
def f(a: int - 1 if False else int) -> float:
    return a
print(__annotations__, f.__annotations__, f(x))
""",
    "minus_of_everything": """
import datetime, decimal, fractions, collections
a, b = {1, 2, 3}, {2}
print(a - b, a - b - {3}, frozenset(a) - b, {1: 2}.keys() - {1}, collections.Counter("aab") - collections.Counter("a"))
day = datetime.date(2024, 3, 1)
print(day - datetime.date(2024, 2, 1), day - datetime.timedelta(1), day - day)
print(decimal.Decimal("1.1") - decimal.Decimal("1"), fractions.Fraction(1, 3) - 1, 1j - 2, True - False, 5 - 3.0)
x, y, z = 7, 2, 3
print(x - y - z, x - (y - z), -x - -y, x - y * z, (x - y) * z, x - y ** z, 2 ** x - y, x - y if x - y else z - x)
print([i - j for i in range(3) for j in range(2)], {i - y: z - i for i in range(2)}, sum(i - y for i in range(5)))
print(f"{x - y} {x - y=} {x - y:>{x - y}} {'-'} {x-y!r:-^9}", "a-b"[::-1], [10, 20, 30][x - y - z - 2 : -1])
""",
    "order_of_evaluation": """
def say(name, value):
    print(name, end=" ")
    return value
print(say("a", 9) - say("b", 4) - (say("c", 2) - say("d", 1)))
a = [say("e", 3)]
a[say("f", 0)] -= say("g", 1) - say("h", 2)
print(a, (n := say("i", 8)) - n, n - (n := 1), n)
class Odd:
    def __sub__(self, other): return ("sub", other)
    def __rsub__(self, other): return ("rsub", other)
    def __isub__(self, other): print("isub"); return self
o = Odd()
print((o - 1)[1], (1 - o)[1], (o - o)[1] is o)
o -= 1
print(type(o).__name__)
""",
    "aliases_in_place": """
import numpy as np
a = np.arange(4.0)
b, view = a, a[1:]
a -= 1
print(b, view, a is b)
b = b - 1
print(a, b, a is b)
view[:] = view - a[:3]
print(a, (np.arange(3, dtype="i1") - np.int8(5)).dtype, (np.float32(1) - 2).dtype, np.ma.array([1, 2], mask=[0, 1]) - 1)
print(np.array([1, 2]) - [1, 1], np.matrix([[1, 2]]) - np.matrix([[1], [2]]), np.array(["a"], dtype=object).size - 1)
w = np.zeros(2)
for i in range(2):
    w[i] -= 0.5 * (i + 1)
w -= 0.1 * w
print(w, np.array([True, False]).sum() - 1)
""",
    "functions_of_every_kind": """
import asyncio, contextlib, functools, types
def generator(n):
    while n - 1:
        n = n - 1
        got = yield n - 2
        if got: n = n - got
g = generator(9)
print(next(g), g.send(2), list(g))
async def wait(n):
    await asyncio.sleep(0)
    return n - 1
async def numbers():
    for i in range(3):
        yield i - 1
async def main():
    print(await wait(3) - await wait(1), [i - 1 async for i in numbers()])
asyncio.run(main())
def twice(f):
    @functools.wraps(f)
    def inner(*a, **k): return f(*a, **k) - 1
    return inner
@twice
def h(x, /, y=5 - 3, *, z=1): return x - y - z
print(h(9), h(9, z=3), (lambda q: q - h(4))(1))
class K:
    size = 10 - 3
    other = size - 2
    __private = 5
    def m(self): return self.__private - self.size
    @property
    def p(self): return self.size - self.other
    @classmethod
    def c(cls): return cls.size - 1
print(K.size, K.other, K().m(), K().p, K.c())
def scopes():
    n = 1
    def inner():
        nonlocal n
        n -= 5
        return n - 1
    return inner() - n
print(scopes())
match 3 - 1, -1, 3 - 4j, {"k": 5}:
    case (2, -1, 3-4j, {"k": v}) if v - 5 == 0: print("matched", v - 1)
    case _: print("not")
try:
    raise ValueError(3 - 1)
except* ValueError as group:
    print(group.exceptions)
with contextlib.suppress(ZeroDivisionError):
    1 / (1 - 1)
exec("q = 7 - 3\\nprint(q)")
print(eval("9 - 4"), (lambda: (yield))().__class__.__name__, types.FunctionType)
global_value = 3
def uses_global():
    global global_value
    global_value -= 1
    return global_value
print(uses_global(), [*range(5 - 2)], (1 - 2,), not 3 - 3, 5 - 3 < 4 - 1 < 9, ~(5 - 3))
del global_value
a, b = 9, 4
a, b = a - b, b - a
(a, *rest), c = (a - 1, b - 1, 7 - 2), a - b
print(a, b, rest, c)
losses = []
losses.append((a - b) ** 2)
loss = sum((u - 1) ** 2 for u in range(4)) / 4
def cost(u): return (u - 2) ** 2
print(losses, loss, cost(5), cost.__name__)
""",
    "raises_with_a_traceback": """
import traceback
def difference(a, b):
    return 3 + (a - b)
try:
    difference([1], 2)
except TypeError:
    traceback.print_exc()
def outer(n):
    return difference(n, None) if n == 0 else outer(n - 1)
try:
    outer(2)
except TypeError as error:
    raise RuntimeError("wrapped") from error
""",
    "raises_in_an_update": """
a = "text"
for i in range(2):
    a -= 0.1 * i
""",
    "own_excepthook": """
import sys
sys.excepthook = lambda kind, error, traceback: print("mine:", kind.__name__, traceback.tb_lineno)
1 / 0
""",
    "warns": """
import warnings
def f(x):
    warnings.warn("careful", stacklevel=2)
    return x - 1
f(1)
f(2)
warnings.warn("old", DeprecationWarning)
""",
    "threads_processes_pickles": """
import pickle, threading, time, os
class Point:
    def __init__(self, x): self.x = x
    def __sub__(self, other): return Point(self.x - other.x)
print((pickle.loads(pickle.dumps(Point(5))) - Point(2)).x)
def late():
    time.sleep(0.1)
    print("a thread ends last", flush=True)
threading.Thread(target=late).start()
pid = os.fork()
if pid == 0:
    print("child", 5 - 3, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
print("main ends", flush=True)
""",
    "a_forked_child_that_goes_on": """
import os, sys
pid = os.fork()
if pid:
    os.waitpid(pid, 0)
print("both" if pid else "child", flush=True)
""",
    "inspects_itself": """
import inspect, linecache
def f(a, b):
    return a - b  # as written
print(inspect.getsource(f), f.__code__.co_firstlineno, f.__code__.co_name, f.__code__.co_varnames)
print(linecache.getline(__file__, 4), inspect.currentframe().f_lineno)
""",
    "prints_megabytes": """
for i in range(20000):
    print(i - 1, "x" * 100)
""",
    "replaces_stdout": """
import sys, io
sys.stdout = io.StringIO()
print("lost")
sys.stderr.write("kept\\n")
""",
    "reads_input": """
import sys
print(sys.stdin.readline().strip(), input(), sys.stdin.read())
""",
    "goes_on": """
import atexit, threading, time, sys
class Last:
    def __del__(self): print(sys.intern("x") and 9 - len("abc"), flush=True)
last = Last()
atexit.register(lambda n: print("at exit", n - len("ab")), 7)
""",
    "a_momentum_that_another_function_has": """
gradient = lambda w: 262.4 * (w - 2)
def heavy_ball(lr=0.001, beta=0.9):
    w = v = 0.0
    for _ in range(50):
        v = beta * v + gradient(w)
        w -= lr * v
    return w
def averaged(lr=0.001, decay=0.9):
    w = v = 0.0
    for _ in range(50):
        v = decay * v + (1 - decay) * gradient(w)
        w -= lr * v
    return w
print(heavy_ball(), averaged())
""",
    "a_momentum_that_may_not_be_there": """
def train(use_momentum=False, lr=0.001):
    w = s = 0.0
    for i in range(50):
        if use_momentum:
            held = 0.9
            s = held * s + 262.4 * (w - 2)
        w -= lr * s
    return w
print(train(), train(True))
""",
    "a_momentum_in_a_method": """
class Momentum:
    def __init__(self):
        self.w, self.v = 0.5, 0.0
    def accumulate(self, g, beta=0.9):
        self.v = beta * self.v + g
    def step(self, lr=0.001):
        self.w -= lr * self.v
m = Momentum()
for i in range(50):
    m.accumulate(262.4 * (m.w - 2))
    m.step()
print(m.w)
""",
    "a_rate_in_a_velocity_of_another_function": """
w, v = 0.5, 0.0
def gather(g, lr=0.001, beta=0.9):
    global v
    v = beta * v - lr * g
def move():
    global w
    w += v
for i in range(50):
    gather(262.4 * (w - 2))
    move()
print(w)
""",
    "steps_of_every_form": """
def stepped(a, g, rate):
    return a - rate * g, a
class Cell:
    def __init__(self, value):
        self.value = value
cells, a, b, rate = [Cell(1.0), Cell(2.0)], 4.0, 5.0, 0.5
for i in range(3):
    new = a - rate * a
    a = new
    a, old = stepped(a, a, rate)
    b: float = -rate * b + b
    a, rate = a - rate * a, rate / 2
    cells[i % 2].value -= rate * a
    cells[0].value = cells[0].value - rate * a
    part = [1.0, 2.0]
    for k in range(2):
        part[k] -= rate * part[k]
print(a, b, old, rate, [cell.value for cell in cells], part)
""",
    "pandas_and_dates": """
import pandas as pd
s = pd.Series([3.0, 1.0], index=["a", "b"])
t = pd.to_datetime(["2024-01-02", "2024-03-01"])
print(s - s.mean(), (t - t[0]).days.tolist(), (pd.DataFrame({"u": s, "v": s * 2}) - s.to_frame("u")).to_string())
""",
}
ITS_OWN_PROCESS = {
    "who_am_i",
    "warns",
    "threads_processes_pickles",
    "functions_of_every_kind",  # it runs an event loop, and a browser of other tests has one here
    "a_forked_child_that_goes_on",
    "reads_input",
    "goes_on",
}
GIVEN = "first\nsecond\nthe rest\n"


@pytest.fixture(params=SCRIPTS)
def script(request, tmp_path):
    path = tmp_path / f"{request.param}.py"
    path.write_text(SCRIPTS[request.param], encoding="utf-8")
    return path


def in_a_process(path, *command):
    return subprocess.run(
        [sys.executable, *command, path.name, "one", "-x"],
        cwd=path.parent,
        input=GIVEN,
        capture_output=True,
        text=True,
        check=False,
    )


def test_output_is_that_of_python(script):
    """Both streams, character for character; an exception and its traceback too."""
    expected = in_a_process(script)
    if script.stem in ITS_OWN_PROCESS:
        done = in_a_process(script, "-m", "gradline", "check")
        notes = f"\n{script.name}: no notes.\n"
        assert done.stdout.count(notes) == 1  # from one process, whatever it forked
        assert done.stdout.replace(notes, "") == expected.stdout
        assert done.returncode == 0
    else:
        done = run(script, "one", "-x")
        assert done.stdout == expected.stdout
        assert (done.checked.error is not None) == (expected.returncode != 0)
    assert done.stderr == expected.stderr


def test_an_encoding_that_a_file_declares_is_its_own(tmp_path, capsys):
    path = tmp_path / "latin.py"
    path.write_bytes("# -*- coding: latin-1 -*-\nname = 'größe'\nprint(ascii(name), len(name) - 0)\n".encode("latin-1"))
    assert run(path).stdout == "'gr\\xf6\\xdfe' 5\n"
    path.write_bytes(b"\xef\xbb\xbfprint(7 - 2)\r\n")
    assert run(path).stdout == "5\n"


def test_siblings_are_imported_from_beside_the_script(tmp_path, monkeypatch):
    (tmp_path / "its_sibling.py").write_text("def twice(x):\n    return x - -x\n", encoding="utf-8")
    (tmp_path / "uses.py").write_text("import its_sibling\nprint(its_sibling.twice(4))\n", encoding="utf-8")
    monkeypatch.chdir("/")
    path = list(sys.path)
    assert run(tmp_path / "uses.py").stdout == "8\n"
    assert sys.path == path


def test_what_a_run_puts_in_place_is_taken_away(tmp_path):
    import builtins
    import warnings

    torch = pytest.importorskip("torch")
    hooks = [torch.autograd.backward, len(torch.nn.modules.module._global_forward_pre_hooks)]
    before = (sys.argv, sys.excepthook, sys.modules["__main__"], warnings.showwarning)
    path = tmp_path / "torches.py"
    path.write_text("import torch, sys\nsys.argv = []\nsys.exit(torch.ones(2).sum() - 2 == 1)\n", encoding="utf-8")
    run(path)
    assert hooks == [torch.autograd.backward, len(torch.nn.modules.module._global_forward_pre_hooks)]
    assert before == (sys.argv, sys.excepthook, sys.modules["__main__"], warnings.showwarning)
    left = [look for name, look in vars(builtins).items() if name.startswith("__gradline")]
    assert left
    assert all(look in BLIND.values() for look in left)  # functions of the script may yet be called


MODULES = ["statistics", "fractions", "_pydecimal", "colorsys", "bisect", "textwrap", "calendar", "difflib", "ast"]


@pytest.mark.parametrize("name", MODULES)
def test_the_standard_library_compiles_rewritten_with_every_line_in_its_place(name):
    """Rewritten code has the instructions of the same lines as the original, and no others."""
    import importlib.util

    source = importlib.util.find_spec(name).loader.get_source(name)
    tree, places = rewriting.rewritten(ast.parse(source))

    def lines(code):
        found = {line for *_, line in code.co_lines() if line}
        for constant in code.co_consts:
            if hasattr(constant, "co_lines"):
                found |= lines(constant)
        return found

    written, run_instead = (compile(t, "m", "exec", dont_inherit=True) for t in (ast.parse(source), tree))
    assert lines(run_instead) == lines(written)
    assert all(1 <= place.line <= source.count("\n") + 1 for place in places)


def test_decimal_arithmetic_is_the_same_rewritten(tmp_path):
    """The pure Python decimal module, six thousand lines of integers and strings, against the one in C."""
    import decimal
    import importlib.util

    source = importlib.util.find_spec("_pydecimal").loader.get_source("_pydecimal")
    path = tmp_path / "decimals.py"
    path.write_text(source.replace("__name__ = 'decimal'", ""), encoding="utf-8")
    done = run(path)
    assert done.checked.error is None
    theirs = done.checked.variables
    with decimal.localcontext(prec=30):
        theirs["getcontext"]().prec = 30
        for one, other in [("1.1", "-3"), ("2", "7"), ("123456789.987654321", "1e-9"), ("-0", "5e20")]:
            expected, got = decimal.Decimal(one), theirs["Decimal"](one)
            by, and_by = decimal.Decimal(other), theirs["Decimal"](other)
            for pair in ((expected - by, got - and_by), (expected / by, got / and_by), (expected * by, got * and_by)):
                assert str(pair[0]) == str(pair[1])
            assert str(abs(expected).sqrt()) == str(abs(got).sqrt())
            assert str(by.exp()) == str(and_by.exp()) if abs(by) < 100 else True


def test_threads_that_were_there_before_and_pools_left_open_are_not_waited_for(tmp_path):
    path = tmp_path / "pool.py"
    path.write_text(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "import threading\n"
        "pool = ThreadPoolExecutor(1)\n"
        "print(pool.submit(sum, [1, 2]).result())\n"
        "threading.Thread(target=print, args=('a thread of its own',)).start()\n"
    )
    end = threading.Event()
    others = threading.Thread(target=end.wait)
    others.start()
    try:
        assert run(path).stdout == "3\na thread of its own\n"
    finally:
        end.set()
    assert in_a_process(path, "-m", "gradline", "check").stdout.startswith("3\na thread of its own\n")


def test_an_endless_recursion_is_told_as_python_tells_it(tmp_path):
    path = tmp_path / "endless.py"
    path.write_text("def f(n):\n    return f(n + 1) - 1\nf(0)\n", encoding="utf-8")
    done = run(path)
    assert isinstance(done.checked.error, RecursionError)
    assert done.found == [(0, 2)]
    expected, repeated = in_a_process(path).stderr.splitlines(), "more times]"
    assert [line for line in done.stderr.splitlines() if repeated not in line] == [
        line for line in expected if repeated not in line
    ]


def test_a_traceback_may_have_no_line():
    """Ctrl-C at the jump back of a loop: CPython 3.11 has no line there. Here there is none anywhere."""
    code = compile("1 / 0", "loop.py", "exec").replace(co_linetable=b"")
    with pytest.raises(ZeroDivisionError) as raised:
        exec(code)
    traceback = raised.value.__traceback__.tb_next
    assert traceback.tb_lineno is None
    assert without_us(traceback) is traceback
