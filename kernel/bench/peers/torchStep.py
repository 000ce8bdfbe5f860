"""Peer of `isoflop bench`: the same training step in torch. Argument: the workload as JSON. Protocol: a line "n" on
standard input asks for n steps; the answer is a JSON list of milliseconds. Before, it says "ready" and how many parameters it has."""
import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

work = json.loads(sys.argv[1])
torch.manual_seed(0)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, mask):
        b, t, d = x.shape
        q, k, v = [p.view(b, t, self.heads, d // self.heads).transpose(1, 2) for p in self.qkv(self.norm1(x)).split(d, 2)]
        scores = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(d // self.heads))
        mixed = F.softmax(scores.masked_fill(mask, float("-inf")), -1) @ v
        x = x + self.out(mixed.transpose(1, 2).reshape(b, t, d))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        d = work["width"]
        self.tokens, self.positions = nn.Embedding(256, d), nn.Embedding(work["context"], d)
        self.blocks = nn.ModuleList([Block(d, work["heads"]) for _ in range(work["depth"])])
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, 256, bias=False)
        t = work["context"]
        self.mask = torch.triu(torch.ones(t, t, dtype=torch.bool), 1)

    def loss(self):
        shape = (work["batch"], work["context"])
        x, y = torch.randint(256, shape), torch.randint(256, shape)
        h = self.tokens(x) + self.positions.weight
        for block in self.blocks:
            h = block(h, self.mask)
        return F.cross_entropy(self.head(self.norm(h)).view(-1, 256), y.view(-1))


def group_norm(channels):
    return nn.GroupNorm(8, channels)


class ResidualBlock(nn.Module):
    def __init__(self, c_in, c_out, condition):
        super().__init__()
        self.norm1, self.conv1 = group_norm(c_in), nn.Conv2d(c_in, c_out, 3, padding=1)
        self.steer = nn.Linear(condition, c_out)
        self.norm2, self.conv2 = group_norm(c_out), nn.Conv2d(c_out, c_out, 3, padding=1)
        self.skip = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, x, condition):
        h = self.conv1(F.silu(self.norm1(x))) + self.steer(F.silu(condition))[:, :, None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))


class ImageAttention(nn.Module):
    def __init__(self, channels, heads=4):
        super().__init__()
        self.heads, self.norm = heads, group_norm(channels)
        self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)

    def forward(self, x):
        n, c, h, w = x.shape
        rows = self.norm(x).view(n, c, h * w).transpose(1, 2)
        q, k, v = [p.view(n, h * w, self.heads, c // self.heads).transpose(1, 2) for p in self.qkv(rows).split(c, 2)]
        mixed = F.softmax((q @ k.transpose(-2, -1)) / math.sqrt(c // self.heads), -1) @ v
        return x + self.out(mixed.transpose(1, 2).reshape(n, h * w, c)).transpose(1, 2).view(n, c, h, w)


class Unet(nn.Module):
    """kernel/nn/unet.ts with two sizes and attention at the smaller one."""

    def __init__(self):
        super().__init__()
        w = work["width"]
        e = 4 * w
        self.width = w
        self.time1, self.time2 = nn.Linear(w, e), nn.Linear(e, e)
        self.stem = nn.Conv2d(3, w, 3, padding=1)
        self.down1, self.shrink = ResidualBlock(w, w, e), nn.Conv2d(w, w, 3, stride=2, padding=1)
        self.down2, self.attention2 = ResidualBlock(w, 2 * w, e), ImageAttention(2 * w)
        self.middle1, self.middle_attention, self.middle2 = ResidualBlock(2 * w, 2 * w, e), ImageAttention(2 * w), ResidualBlock(2 * w, 2 * w, e)
        self.up2, self.attention_up, self.grow = ResidualBlock(4 * w, 2 * w, e), ImageAttention(2 * w), nn.Conv2d(2 * w, w, 3, padding=1)
        self.up1 = ResidualBlock(2 * w, w, e)
        self.norm, self.head = group_norm(w), nn.Conv2d(w, 3, 3, padding=1)

    def loss(self):
        shape = (work["batch"], 3, work["image"], work["image"])
        x, y, t = torch.rand(shape), torch.rand(shape), torch.rand(work["batch"])
        half = self.width // 2
        angles = t[:, None] * torch.exp(-math.log(10000) * torch.arange(half) / half)
        c = self.time2(F.silu(self.time1(torch.cat([angles.cos(), angles.sin()], 1))))
        a = self.down1(self.stem(x), c)
        b = self.attention2(self.down2(self.shrink(a), c))
        h = self.middle2(self.middle_attention(self.middle1(b, c)), c)
        h = self.attention_up(self.up2(torch.cat([h, b], 1), c))
        h = self.up1(torch.cat([self.grow(F.interpolate(h, scale_factor=2)), a], 1), c)
        return F.mse_loss(self.head(F.silu(self.norm(h))), y)


class ResNetBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), group_norm(channels)
        self.conv2, self.norm2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), group_norm(channels)

    def forward(self, x):
        return F.relu(x + self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x))))))


class ResNet(nn.Module):
    """kernel/nn/convNet.ts: stages of convolution, normalization, pooling and residual blocks."""

    def __init__(self):
        super().__init__()
        widths = [3, *work["widths"]]
        self.stages = nn.Sequential(*[
            nn.Sequential(nn.Conv2d(a, b, 3, padding=1, bias=False), group_norm(b), nn.ReLU(), nn.MaxPool2d(2), *[ResNetBlock(b) for _ in range(work["blocks"])])
            for a, b in zip(widths, widths[1:])
        ])
        self.head = nn.Linear(widths[-1], work["classes"])

    def loss(self):
        x = torch.rand((work["batch"], 3, work["image"], work["image"]))
        y = torch.randint(work["classes"], (work["batch"],))
        return F.cross_entropy(self.head(self.stages(x).mean((2, 3))), y)


model = {"gpt": Gpt, "unet": Unet, "resnet": ResNet}[work["kind"]]()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1, foreach=True)


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = model.loss()
    loss.backward()
    optimizer.step()
    return loss.item()


def fastest_convolutions():
    """By oneDNN or by torch's own kernels, whichever take less time here: on some processors oneDNN's take twice as long."""
    times = {}
    for onednn in (True, False):
        torch.backends.mkldnn.enabled = onednn
        step()
        start = time.perf_counter()
        for _ in range(3):
            step()
        times[onednn] = time.perf_counter() - start
    torch.backends.mkldnn.enabled = min(times, key=times.get)


fastest_convolutions()
print("ready", sum(p.numel() for p in model.parameters()), flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps(times), flush=True)
