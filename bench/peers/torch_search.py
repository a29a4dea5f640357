"""What a practitioner would write today: PyTorch and Optuna fit a chain of convolutions into fewer weight bytes and MACs.

Taylor channel pruning (Molchanov et al., 2019), fine-tuning with distillation, int8 fake quantization in the last part of the training, TPE over
the shares that each layer loses and the training's options. The validation part chooses; the test part is used once, at the end.

    python3 torch_search.py JOB.npz SECONDS MAX_DROP SEED      (job.npz by bench/experiments/peer.ts)
"""
import json
import sys
import time

import numpy as np
import optuna
import torch
import torch.nn.functional as F

path, seconds, max_drop, seed = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
torch.manual_seed(seed)
torch.set_num_threads(2)
job = np.load(path)
LAYERS = len([k for k in job.files if k.startswith("w")])
STRIDES = job["strides"]
tensor = lambda name: torch.from_numpy(job[name])
# NHWC to NCHW
parts = {p: (tensor(p + "_x").permute(0, 3, 1, 2).contiguous(), tensor(p + "_y").long()) for p in ("train", "validation", "test")}
begun = time.time()


def given():
    """Weights as [out, in, h, w]; the last layer is dense."""
    ws = [tensor(f"w{i}") for i in range(LAYERS)]
    return [w.permute(0, 3, 1, 2).contiguous() if w.dim() == 4 else w for w in ws], [tensor(f"b{i}") for i in range(LAYERS)]


class Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, g):
        return g


def fake_weights(w):
    scale = w.detach().abs().flatten(1).max(1).values.clamp(min=1e-8) / 127
    scale = scale.view(-1, *[1] * (w.dim() - 1))
    return Round.apply(w / scale).clamp(-127, 127) * scale


def fake_values(x, high, low=0.0):
    scale = max(high - low, 1e-8) / 255
    return Round.apply((x - low) / scale).clamp(0, 255) * scale + low


def same(x, w, stride):
    pads = []
    for size, k, s in zip(x.shape[2:], w.shape[2:], stride):
        total = max((-(-size // s) - 1) * s + k - size, 0)
        pads = [total // 2, total - total // 2] + pads
    return F.pad(x, pads)


def forward(ws, bs, x, ranges=None, seen=None):
    """`ranges`: of each layer's output, when it is rounded; `seen` takes the largest values."""
    for i, (w, b) in enumerate(zip(ws, bs)):
        w = w if ranges is None else fake_weights(w)
        if w.dim() == 4:
            stride = tuple(int(s) for s in STRIDES[i])
            x = F.relu(F.conv2d(same(x, w, stride), w, b, stride))
            if seen is not None:
                seen.append(float(x.detach().max()))
            if ranges is not None:
                x = fake_values(x, ranges[i])
        else:
            x = F.linear(x.mean((2, 3)), w, b)
    return x


def accuracy(net, part, ranges=None):
    x, y = parts[part]
    with torch.no_grad():
        right = sum(int((forward(*net, x[i : i + 512], ranges).argmax(1) == y[i : i + 512]).sum()) for i in range(0, len(y), 512))
    return right / len(y)


def needs(net):
    ws, bs = net
    size = list(parts["train"][0].shape[2:])
    weight_bytes, macs = 0, 0
    for i, (w, b) in enumerate(zip(ws, bs)):
        if w.dim() == 4:
            size = [-(-n // int(s)) for n, s in zip(size, STRIDES[i])]
            macs += w.numel() * size[0] * size[1]
        else:
            macs += w.numel()
        weight_bytes += w.numel() + 4 * b.numel()
    return weight_bytes, macs


def taylor(net):
    """Of each channel: squared sum of weight times gradient, over some of the train part."""
    ws, bs = [[t.clone().requires_grad_() for t in ts] for ts in net]
    x, y = parts["train"]
    scores = [torch.zeros(len(w)) for w in ws]
    for i in range(0, min(len(y), 512), 64):
        loss = F.cross_entropy(forward(ws, bs, x[i : i + 64]), y[i : i + 64])
        grads = torch.autograd.grad(loss, ws + bs)
        for k, w in enumerate(ws):
            scores[k] += ((w * grads[k]).flatten(1).sum(1) + bs[k] * grads[LAYERS + k]).detach() ** 2
    return scores


def pruned(net, ratios):
    ws, bs = [list(ts) for ts in net]
    scores = taylor(net)
    for i, ratio in enumerate(ratios):
        keep = scores[i].argsort(descending=True)[: max(1, round(len(scores[i]) * (1 - ratio)))].sort().values
        ws[i], bs[i] = ws[i][keep], bs[i][keep]
        ws[i + 1] = ws[i + 1][:, keep]
    return ws, bs


def trained(net, teacher, epochs, lr, temperature, weight):
    ws, bs = [[t.clone().requires_grad_() for t in ts] for ts in net]
    x, y = parts["train"]
    steps = int(epochs * (len(y) // 64))
    optimizer = torch.optim.Adam(ws + bs, lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
    ranges = None
    for step in range(steps):
        if step == int(0.7 * steps):
            seen = []
            with torch.no_grad():
                forward(ws, bs, x[:512], seen=seen)
            ranges = seen + [0]
        at = torch.randint(len(y), (64,))
        out = forward(ws, bs, x[at], ranges)
        with torch.no_grad():
            soft = F.softmax(forward(*teacher, x[at]) / temperature, 1)
        taught = F.kl_div(F.log_softmax(out / temperature, 1), soft, reduction="batchmean") * temperature**2
        loss = weight * taught + (1 - weight) * F.cross_entropy(out, y[at])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if time.time() - begun > seconds:
            break
    net = [w.detach() for w in ws], [b.detach() for b in bs]
    if ranges is None:
        seen = []
        with torch.no_grad():
            forward(*net, x[:512], seen=seen)
        ranges = seen + [0]
    return net, ranges


teacher = given()
before = {p: accuracy(teacher, p) for p in parts}
whole = needs(teacher)
best = None


def objective(trial):
    global best
    ratios = [trial.suggest_float(f"ratio{i}", 0, 0.9) for i in range(LAYERS - 1)]
    net, ranges = trained(
        pruned(teacher, ratios),
        teacher,
        trial.suggest_int("epochs", 2, 12),
        trial.suggest_float("lr", 3e-4, 5e-3, log=True),
        trial.suggest_float("temperature", 1, 8, log=True),
        trial.suggest_float("weight", 0.1, 1),
    )
    found = accuracy(net, "validation", ranges)
    cost = sum(a / b for a, b in zip(needs(net), whole)) / 2
    value = cost + 50 * max(0, before["validation"] - max_drop - found)
    if best is None or value < best["value"]:
        best = {"value": value, "objective": cost, "net": net, "ranges": ranges, "validation": found}
    return value


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True))
study.optimize(objective, timeout=seconds)
weight_bytes, macs = needs(best["net"])
print(
    json.dumps(
        {
            "trials": len(study.trials),
            "seconds": round(time.time() - begun),
            "given": {p: before[p] for p in ("validation", "test")},
            "plain": {"weightBytes": whole[0], "macs": whole[1]},
            "result": {
                "weightBytes": weight_bytes,
                "macs": macs,
                "objective": best["objective"],
                "validation": best["validation"],
                "test": accuracy(best["net"], "test", best["ranges"]),
            },
        }
    )
)
