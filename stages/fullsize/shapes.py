"""What elementwise operations give on the meta device, by torch's own kernels.

Torch has them there, and overrides them with decompositions in Python, which take fifty times as long and more to say
the same: a kernel's rules for elementwise operations are those of every device. For all else the decompositions stay,
as some of theirs are CUDA's where the kernel's are a CPU's (the strides of a singular value decomposition, for one).
"""

from functools import cache

import torch
from torch._ops import OpOverload
from torch.library import Library

from stages.training.startup import SHAPES, bring_in, is_left_out


@cache
def elementwise_by_kernels() -> Library:
    """From now on in this process; what is returned holds the decompositions that stay."""
    if is_left_out(SHAPES):
        bring_in(SHAPES)
    from torch import _meta_registrations as decompositions

    override = decompositions._meta_lib_dont_use_me_use_register_meta
    overridden = [operation for operation in known_operations() if key(operation) in override._op_impls]
    override._destroy()  # which shows what has a kernel
    kept = Library("aten", "IMPL", "Meta")
    for operation in overridden:
        if not (is_elementwise(operation) and has_kernel(operation)):
            kept.impl(operation, operation.py_kernels[torch._C.DispatchKey.Meta])
    return kept


def known_operations() -> list[OpOverload]:
    """Those that torch can decompose."""
    from torch._decomp import global_decomposition_table

    found = dict.fromkeys(operation for table in global_decomposition_table.values() for operation in table)
    return [operation for operation in found if isinstance(operation, OpOverload)]


def key(operation: OpOverload) -> str:
    """As ``Library`` lists what it overrides."""
    return f"{operation.name().replace('::', '/')}/Meta"


def is_elementwise(operation: OpOverload) -> bool:
    """In torch's words pointwise: an element of the result depends on the operands' elements at its place alone."""
    return torch.Tag.pointwise in operation.tags


def has_kernel(operation: OpOverload) -> bool:
    return torch._C._dispatch_has_kernel_for_dispatch_key(operation.name(), "Meta")
