"""Peer of `isoflop bench --device cuda`: GPT-2's training step in torch, compiled, in bfloat16 by autocast, with fused attention
and a fused AdamW. Argument: the workload as JSON. Protocol: as torchStep.py."""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

work = json.loads(sys.argv[1])
torch.manual_seed(0)
torch.set_float32_matmul_precision("high")


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = [p.view(b, t, self.heads, d // self.heads).transpose(1, 2) for p in self.qkv(self.norm1(x)).split(d, 2)]
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(b, t, d))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        d, vocab = work["width"], work["vocab"]
        self.tokens, self.positions = nn.Embedding(vocab, d), nn.Embedding(work["context"], d)
        self.blocks = nn.ModuleList([Block(d, work["heads"]) for _ in range(work["depth"])])
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, vocab, bias=False)

    def forward(self, x, y):
        h = self.tokens(x) + self.positions.weight
        for block in self.blocks:
            h = block(h)
        return F.cross_entropy(self.head(self.norm(h)).view(-1, work["vocab"]), y.view(-1))


model = Gpt().cuda()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1, fused=True)
compiled = torch.compile(model)


def step():
    shape = (work["batch"], work["context"])
    x, y = torch.randint(work["vocab"], shape).cuda(), torch.randint(work["vocab"], shape).cuda()
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cuda", dtype=torch.bfloat16):
        loss = compiled(x, y)
    loss.backward()
    optimizer.step()
    return loss.item()


for _ in range(3):
    step()
print("ready", flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps(times), flush=True)
