import torch

from stages.fullsize.shapes import elementwise_by_kernels, has_kernel, is_elementwise, known_operations

META = torch._C.DispatchKey.Meta
FLOAT, BF16 = torch.float32, torch.bfloat16
TYPES = [[FLOAT] * 3, [BF16] * 3, [FLOAT, BF16, FLOAT], [BF16, FLOAT, torch.int64]]
CHOICE = [torch.bool, FLOAT, BF16]


def tensors(*dtypes: torch.dtype) -> list[torch.Tensor]:
    """Of different shapes and strides, that broadcast."""
    shapes = [torch.Size([4, 1, 6]), torch.Size([5, 6]), torch.Size([])]
    made = [torch.empty(shape, dtype=dtype, device="meta") for shape, dtype in zip(shapes, dtypes, strict=False)]
    return [made[0].transpose(0, 2), *made[1:]] if len(made) == 1 else made


def described(result: object) -> tuple:
    return tuple(result.shape), result.dtype, result.stride(), result.untyped_storage().nbytes()


def outcome(function, operands: list[torch.Tensor]) -> tuple | None:
    """None where it takes no such operands."""
    try:
        return described(function(*operands))
    except (RuntimeError, TypeError, AttributeError, ValueError):
        return None


def takes_tensors_alone(operation) -> int:
    """How many, if it needs nothing else and changes none of them; 0 otherwise."""
    schema = operation._schema
    needed = [argument for argument in schema.arguments if not argument.has_default_value()]
    are_tensors = all(str(argument.type) == "Tensor" for argument in needed)
    return len(needed) if are_tensors and not schema.is_mutable and len(schema.returns) == 1 else 0


def test_kernels_say_what_the_decompositions_say():
    """Of every elementwise operation on one, two or three tensors, in one precision and in two."""
    elementwise_by_kernels()
    compared, differ = set(), {}
    for operation in known_operations():
        number = takes_tensors_alone(operation)
        if not (number and is_elementwise(operation) and has_kernel(operation)):
            continue
        for dtypes in [*TYPES, CHOICE] if number == 3 else TYPES:
            operands = tensors(*dtypes[:number])
            ours = outcome(operation, operands)
            theirs = outcome(operation.py_kernels[META], operands)
            if ours and theirs:
                compared.add(operation.name())
                if ours != theirs:
                    differ[operation.name(), *dtypes[:number]] = ours, theirs
    assert differ == {}
    assert {"aten::mul.Tensor", "aten::gelu_backward", "aten::where.self", "aten::tanh"} <= compared
    assert len(compared) > 100


def test_what_is_not_elementwise_stays_as_it_was():
    """A kernel would say that this factor lies in memory as a CPU has it, by columns."""
    kept = elementwise_by_kernels()
    _, _, factor = torch.linalg.svd(torch.empty(8, 4, device="meta"))
    assert factor.stride() == (4, 1)
    assert "aten/_linalg_svd/Meta" in kept._op_impls
    assert "aten/mul.Tensor/Meta" not in kept._op_impls
    assert torch.empty(3, 4, device="meta").expand(2, 3, 4).sum(-1).shape == (2, 3)
