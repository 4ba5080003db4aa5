import torch
from bitsandbytes.optim import GlobalOptimManager

from stages.fullsize.optimizers import meta_optimizer


def test_paged_state_lies_outside_the_allocator():
    GlobalOptimManager.get_instance().initialize()  # it knows parameters by their place in memory, also those of before
    large, small = (torch.nn.Parameter(torch.empty(size, device="meta")) for size in (200_000, 5_000))
    optimizer = meta_optimizer("paged_adamw_8bit", [large, small])
    for p in (large, small):
        p.grad = torch.empty_like(p)
    optimizer.step()
    outside = [optimizer.state[p]["state1"].outside_allocator for p in (large, small)]
    assert outside == [True, False]
    assert optimizer.state[large]["state1"].dtype == torch.uint8
