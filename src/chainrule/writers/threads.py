"""The threads kernel set: the tiled one, for several threads that make each step together.

All threads run the same `step`. Of the rows of a batch each computes its share, forward and backward; of the rows of a
gradient and of the elements of an update likewise. Where one needs what others have made, all of them `meet`. What is a
single number (the loss, a norm) each computes for itself. No sum is divided: any number of threads, one among them,
gives the same numbers to the bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import drivers
from .lines import braced, with_arguments, wrapped
from .loops import INDENT, Axis, Function, Kernel, Nest, Scope
from .lowering import Contraction, Reduction, RowWise
from .tiled import TiledCWriter
from .tiles import END_OF_PRODUCTS

MOST_THREADS = 64  # what `engines` allows

TEAM = """\
#include <limits.h>
#include <pthread.h>

/* The threads that make a step together, and who of them this thread is; outside of `train` it is alone. */
struct team { int threads, waiting, round; pthread_mutex_t lock; pthread_cond_t all; };
struct member { struct team *team; int index; };
enum { AWAKE = 1000 };
#if defined(__SSE2__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() (void)0
#endif
static __thread struct member me;

/* Which of `count` rows are this thread's: sixteen by sixteen, so that vectors are the same for any number of them. */
struct share { int first, last; };
static struct share share_of(int count) {
    const long long threads = me.team ? me.team->threads : 1, sixteens = (count + 15LL) / 16;
    const int first = (int)(sixteens * me.index / threads), last = (int)(sixteens * (me.index + 1) / threads);
    return (struct share){least(count, 16 * first), least(count, 16 * last)};
}

/* Waits until all threads have come here: some microseconds awake, and asleep after that. */
static void meet(void) {
    struct team *team = me.team;
    if (!team || team->threads == 1)
        return;
    pthread_mutex_lock(&team->lock);
    const int round = team->round;
    if (++team->waiting == team->threads) {
        team->waiting = 0;
        __atomic_store_n(&team->round, round + 1, __ATOMIC_RELEASE);
        pthread_cond_broadcast(&team->all);
        pthread_mutex_unlock(&team->lock);
        return;
    }
    pthread_mutex_unlock(&team->lock);
    for (int i = 0; i < AWAKE; i++) {
        if (__atomic_load_n(&team->round, __ATOMIC_ACQUIRE) != round)
            return;
        PAUSE();
    }
    pthread_mutex_lock(&team->lock);
    while (team->round == round)
        pthread_cond_wait(&team->all, &team->lock);
    pthread_mutex_unlock(&team->lock);
}"""

WORK = """\
/* All steps, as each of the threads makes them. */
{head} {{
{inside}
}}"""

HELP = """\
enum {{ MOST_THREADS = {most} }};

struct {prefix}task {{  /* who a thread is, and what `work` is given */
    struct member me;
{members}
}};

static void *{prefix}help(void *given) {{
    const struct {prefix}task *own = given;
    pthread_mutex_lock(&own->me.team->lock);  /* until it is known how many there are */
    pthread_mutex_unlock(&own->me.team->lock);
    me = own->me;
{call}
    return 0;
}}"""

START = """\
struct team team = {.lock = PTHREAD_MUTEX_INITIALIZER, .all = PTHREAD_COND_INITIALIZER};
struct @task task[MOST_THREADS];
pthread_t helper[MOST_THREADS];
pthread_attr_t roomy;
pthread_attr_init(&roomy);
pthread_attr_setstacksize(&roomy, 4 << 20);
pthread_mutex_lock(&team.lock);
for (team.threads = 1; team.threads < threads && team.threads < MOST_THREADS; team.threads++) {
    struct @task *next = &task[team.threads];
    *next = (struct @task){{&team, team.threads}, @given};
    if (pthread_create(&helper[team.threads], &roomy, @help, next))
        break;  /* then there are fewer */
}
pthread_mutex_unlock(&team.lock);
me = (struct member){&team, 0};
@work(@given);
me = (struct member){0, 0};
for (int i = 1; i < team.threads; i++)
    pthread_join(helper[i], 0);
pthread_attr_destroy(&roomy);"""

LEAST = "static inline int least(int a, int b) { return a < b ? a : b; }"
OWN = "const struct share own = share_of(N);"


@dataclass(frozen=True)
class Access:
    """Which arrays a nest reads and writes.

    way     rows, share, one or all: what of it a thread does: see `ThreadsCWriter.way`
    own     arrays of which it takes nothing but the thread's own rows of the batch
    """

    way: str
    reads: frozenset[str]
    writes: frozenset[str]
    own: frozenset[str]

    def waits_for(self, before: Access) -> bool:
        """Whether another thread may still be at what this one needs."""
        if self.way == before.way == "one":
            return False
        shared = (self.writes & before.reads) | (before.writes & (self.reads | self.writes))
        return bool(shared - (self.own & before.own))


class ThreadsCWriter(TiledCWriter):
    """Programs as C for GCC and Clang with POSIX threads."""

    threaded = True
    own_rows = False  # whether the loops being written are over this thread's rows of the batch
    waiting: Sequence[Access] = ()  # what was done since all threads met

    # --- who does what ---

    def way(self, nest: Nest) -> str:
        """What of a nest a thread does: its `rows` of the batch, its `share` of others, `all`; or `one` does it."""
        core = nest.core
        if nest.space == () and (core is None or isinstance(core, Reduction)):
            fixed = {*self.program.parameters, *self.program.state}
            return "one" if fixed & set(nest.targets) else "all"
        if isinstance(core, RowWise) or (nest.space[0] == "N" and not self.is_column_sum(core)):
            return "rows"
        if isinstance(core, Contraction) or self.is_shared_sum(nest) or nest.update is not None:
            return "share"
        return "one"

    @staticmethod
    def is_column_sum(core: object) -> bool:
        return isinstance(core, Reduction) and core.axis == 0

    def is_shared_sum(self, nest: Nest) -> bool:
        core = nest.core
        return isinstance(core, Reduction) and core.axis == 0 and core.op == "sum" and not nest.rows

    def nest(self, nest: Nest) -> list[str]:
        way = self.way(nest)
        found = self.access(nest, way)
        self.own_rows = way == "rows"
        try:
            lines = super().nest(nest)
        finally:
            self.own_rows = False
        if way == "one":
            lines = braced("if (me.index == 0)", lines)
        if any(found.waits_for(before) for before in self.waiting):
            self.waiting = []
            lines = ["meet();", *lines]
        self.waiting = [*self.waiting, found]
        return lines

    def access(self, nest: Nest, way: str) -> Access:
        reads = {name: shape for name, shape in nest.reads.items() if shape != ()}
        writes = {name: self.shape_of(nest, name) for name in nest.targets if name not in nest.registers}
        writes = {name: shape for name, shape in writes.items() if shape != ()}
        core = nest.core
        whole = {core.right.name} if isinstance(core, Contraction) else set()
        own = {name for name, shape in {**reads, **writes}.items() if shape[0] == "N"} - whole
        return Access(way, frozenset(reads), frozenset(writes), frozenset(own if way == "rows" else ()))

    def loops(self, nest: Nest, scope: Scope) -> list[str]:
        """An update, element by element, is shared out by the first of its loops."""
        if nest.core is not None or nest.rows or nest.update is None or not nest.space:
            return super().loops(nest, scope)
        outer, *inner = scope.axes
        before, begin, end = self.share(outer)
        own = f"for (int {outer.index} = {begin}; {outer.index} < {end}; {outer.index}++)"
        return [*before, *braced(own, self.nested(inner, self.assignments(nest, scope)))]

    def share(self, axis: Axis) -> tuple[list[str], str, str]:
        own = f"own_{axis.index}"
        return [f"const struct share {own} = share_of({axis.extent});"], f"{own}.first", f"{own}.last"

    def for_loop(self, axis: Axis) -> str:
        if not self.own_rows or not axis.extent.startswith("N"):
            return super().for_loop(axis)
        index, times = axis.index, axis.extent.removeprefix("N")
        return f"for (int {index} = own.first{times}; {index} < own.last{times}; {index}++)"

    def row_count(self, rows: str) -> str:
        return "own.last - own.first"

    def from_row(self, array: str, columns: str) -> str:
        return array if array == "0" else f"{array} + own.first{drivers.times(columns)}"

    def kernel_lines(self, kernel: Kernel) -> list[str]:
        before, self.own_rows = self.own_rows, False
        try:
            return super().kernel_lines(kernel)
        finally:
            self.own_rows = before

    # --- the text ---

    def write_function(self, function: str) -> Function:
        inputs = frozenset(self.program.inputs)
        self.waiting = [Access("rows", frozenset(), inputs, inputs)]  # each thread gathers its rows of the batch
        written = super().write_function(function)
        if any("own." in line for line in written.lines):
            written.lines.insert(0, OWN)
        return written

    def over_rows(self) -> list[str]:
        return [OWN, "for (int n = own.first; n < own.last; n++) {"]

    def take_loss(self, step: str) -> list[str]:
        return [f"const double loss = (double){step};", "if (me.index == 0)", f"{INDENT}losses[i] = loss;", "meet();"]

    def written(self, functions: Iterable[str]) -> list[Function]:
        """What `train` of one thread does is what each of several does; `train` itself starts them."""
        written = super().written(functions)
        given = {name: line for name, line in drivers.train_arguments(self).items() if name != "threads"}
        names = ", ".join(given)
        for function in written:
            if function.name == "train":
                head = with_arguments(f"static void {self.prefix}work(", [*given.values()])
                inside = "\n".join(part for line in function.lines for part in wrapped(INDENT + line))
                call = "\n".join(wrapped(f"{INDENT}{self.prefix}work({', '.join(f'own->{name}' for name in given)});"))
                members = "\n".join(f"{INDENT}{line};" for line in given.values())
                self.blocks["work"] = WORK.format(head=head, inside=inside)
                self.blocks["help"] = HELP.format(prefix=self.prefix, most=MOST_THREADS, members=members, call=call)
                start = START.replace("@given", names)
                for own in ("task", "work", "help"):
                    start = start.replace(f"@{own}", self.prefix + own)
                function.lines[:] = start.splitlines()
        return written

    def body(self, functions: Sequence[Function]) -> str:
        text = super().body(functions)
        if "share_of(" not in text:
            return text
        place = END_OF_PRODUCTS if END_OF_PRODUCTS in text else LEAST
        assert place in text
        return text.replace(place, f"{place}\n\n{TEAM}", 1)
