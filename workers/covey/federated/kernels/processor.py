"""What kernels are made of: loops over vectors that LLVM compiles for this machine's processor."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from threading import Lock
from typing import Any, ParamSpec

import numpy as np
import numpy.typing as npt
from llvmlite import binding, ir

INT32, INT64, FLOAT, DOUBLE = ir.IntType(32), ir.IntType(64), ir.FloatType(), ir.DoubleType()

P = ParamSpec("P")

COLUMNS = 64
"""Kernels take columns in multiples of this."""

VECTOR_BYTES = 32
"""Of a vector: as long as a register of most processors. Where they are longer or shorter, LLVM makes do."""

_COMPILING = Lock()


class Kernel:
    """What `write` writes, as compiled: a function of a chunk, `arrays` more arrays, and `counts` integers.

    write: called with a builder and values for the chunk's rows, how far these lie apart, its columns, and the others.
    A kernel runs without the interpreter's lock and minds no bounds: whoever calls it answers for what it reads and
    writes.
    """

    def __init__(self, write: Callable[..., None], arrays: int, counts: int) -> None:
        module = ir.Module()
        kinds = [ir.PointerType(), INT64, INT64] + [ir.PointerType()] * arrays + [INT64] * counts
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), "kernel")
        builder = ir.IRBuilder(function.append_basic_block())
        write(builder, *function.args)
        builder.ret_void()

        parsed, machine = binding.parse_assembly(str(module)), _machine()
        passes = binding.create_new_function_pass_manager()
        passes.add_sroa_pass()  # variables become registers; little else is left to improve, and all of it takes longer
        tuning = binding.create_pipeline_tuning_options()
        passes.run(parsed.get_function("kernel"), binding.create_pass_builder(machine, tuning))
        self._engine = binding.create_mcjit_compiler(parsed, machine)  # owns both, and the code
        self._engine.finalize_object()
        places = {ir.PointerType(): ctypes.c_void_p, INT64: ctypes.c_int64}
        prototype = ctypes.CFUNCTYPE(None, *(places[kind] for kind in kinds))
        self._function = prototype(self._engine.get_function_address("kernel"))

    def __call__(self, chunk: npt.NDArray[Any], *others: npt.NDArray[Any] | int) -> None:
        """chunk: `fitted`, or one line. Raises ValueError for an array whose elements do not follow each other."""
        given = []
        for other in others:
            if isinstance(other, np.ndarray) and not other.flags.c_contiguous:
                raise ValueError("a kernel reads and writes arrays in C order")
            given.append(other.ctypes.data if isinstance(other, np.ndarray) else other)
        self._function(chunk.ctypes.data, chunk.strides[0] // chunk.itemsize, chunk.shape[1], *given)


def compiled_once(make: Callable[P, Kernel]) -> Callable[P, Kernel]:
    """The same, remembered for each set of parameters. LLVM serves one thread at a time."""
    remembered = cache(make)

    @wraps(make)
    def kernel(*args: P.args, **kwargs: P.kwargs) -> Kernel:
        with _COMPILING:
            return remembered(*args, **kwargs)  # type: ignore[arg-type]  # they are numbers

    return kernel


def fitted(chunk: npt.NDArray[np.int32], rows: int) -> npt.NDArray[np.int32]:
    """The same as kernels take it: in each row values lie side by side, and zeros fill up the last COLUMNS.

    Raises ValueError unless it has so many rows.
    """
    count, columns = chunk.shape
    if count != rows:
        raise ValueError(f"a chunk of {count:,} rows, where there should be {rows:,}")
    plain = chunk.dtype == np.int32 and chunk.strides[1] == chunk.itemsize and chunk.strides[0] % chunk.itemsize == 0
    if plain and columns % COLUMNS == 0:
        return chunk
    fit = np.zeros((count, -(-columns // COLUMNS) * COLUMNS), np.int32)
    fit[:, :columns] = chunk
    return fit


def lanes(kind: Any) -> int:
    """How many numbers of a kind a vector holds."""
    return VECTOR_BYTES // (4 if kind in (INT32, FLOAT) else 8)


@contextmanager
def counting(builder: Any, start: Any, stop: Any, step: int = 1) -> Iterator[Any]:
    """The body of a loop over the indices from `start` to before `stop`."""
    before = builder.block
    head, body, after = (builder.append_basic_block() for _ in range(3))
    builder.branch(head)
    builder.position_at_end(head)
    index = builder.phi(INT64)
    index.add_incoming(start, before)
    builder.cbranch(builder.icmp_signed("<", index, stop), body, after)
    builder.position_at_end(body)
    yield index
    index.add_incoming(builder.add(index, INT64(step)), builder.block)
    builder.branch(head)
    builder.position_at_end(after)


def variable(builder: Any, value: Any) -> Any:
    """A place on the stack, which becomes a register, set to a value here."""
    with builder.goto_entry_block():
        place = builder.alloca(value.type)
    builder.store(value, place)
    return place


def splat(builder: Any, number: Any, count: int) -> Any:
    """A vector that holds the number `count` times."""
    empty = ir.Constant(ir.VectorType(number.type, count), ir.Undefined)
    first = builder.insert_element(empty, number, INT32(0))
    return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(INT32, count), [0] * count))


def element(builder: Any, start: Any, index: Any, kind: Any) -> Any:
    """Where in an array of a kind the element `index` is."""
    return builder.gep(start, [index], source_etype=kind)


def load(builder: Any, place: Any, kind: Any) -> Any:
    """What lies there, anywhere that NumPy may have put it."""
    return builder.load(place, typ=kind, align=4)


def multiply_add(builder: Any, factor: Any, other: Any, place: Any) -> None:
    """Add a product to the variable at `place`, in one instruction or two: who uses it needs no particular rounding."""
    product = builder.fmul(factor, other, flags=("contract",))
    total = builder.fadd(builder.load(place, typ=product.type), product, flags=("contract",))
    builder.store(total, place)


def clamped_half_even(builder: Any, values: Any, limit: int) -> Any:
    """A vector of doubles as int32: rounded, ties to even, and no further from zero than `limit`."""
    for sign, beyond in ((-1, "<"), (1, ">")):
        bound = ir.Constant(values.type, [float(sign * limit)] * values.type.count)
        values = builder.select(builder.fcmp_ordered(beyond, values, bound), bound, values)
    name = f"llvm.rint.v{values.type.count}f64"
    rint = builder.module.globals.get(name) or ir.Function(
        builder.module, ir.FunctionType(values.type, [values.type]), name
    )
    return builder.fptosi(builder.call(rint, [values]), ir.VectorType(INT32, values.type.count))


def _machine() -> Any:
    """What LLVM compiles for: of each kernel its own, whose engine it goes with."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=2
    )
