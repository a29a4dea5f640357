"""What a practitioner would write today: PyTorch and Optuna fit a convolutional network into fewer weight bytes and MACs.

Taylor channel pruning (Molchanov et al., 2019) of groups that are tied (depthwise layers, sums), fine-tuning with distillation, int8 fake quantization in
the last part of the training, TPE over the shares that each group loses and the training's options. The validation part chooses; the test part is
used once, at the end. Seconds are of the processor: a machine with other work changes nothing.

    python3 torch_search.py JOB.npz SECONDS drop=0.02|goal=0.9 SEED THREADS      (job.npz by bench/experiments/peer.ts)
"""
import json
import sys
import time

import numpy as np
import optuna
import torch
import torch.nn.functional as F

path, seconds, (asked, amount), seed = sys.argv[1], float(sys.argv[2]), sys.argv[3].split("="), int(sys.argv[4])
torch.manual_seed(seed)
torch.set_num_threads(int(sys.argv[5]))
job = np.load(path)
# One after another: {op, inputs, weights, stride, ...}; step i makes value i + 1, value 0 is the input. Values are NHWC.
STEPS = json.loads(bytes(job["steps"]).decode())
LAYERS = [i for i, s in enumerate(STEPS) if "weights" in s]
tensor = lambda name: torch.from_numpy(job[name])
parts = {p: (tensor(p + "_x"), tensor(p + "_y").long()) for p in ("train", "validation", "test")}
begun = time.time()
used = time.process_time


def given():
    """By step: convolutions as [out, in, h, w], depthwise ones as [channels, 1, h, w]."""
    turned = {"conv": (0, 3, 1, 2), "depthwise": (3, 0, 1, 2), "dense": (0, 1)}
    return {i: (tensor(f"w{i}").permute(turned[STEPS[i]["op"]]).contiguous(), tensor(f"b{i}")) for i in LAYERS}


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


def fake_values(x, low, high):
    scale = max(high - low, 1e-8) / 255
    zero = round(-low / scale)
    return (Round.apply(x / scale + zero).clamp(0, 255) - zero) * scale


def same(x, w, stride):
    pads = []
    for size, k, s in zip(x.shape[2:], w.shape[2:], stride):
        total = max((-(-size // s) - 1) * s + k - size, 0)
        pads = [total // 2, total - total // 2] + pads
    return F.pad(x, pads)


def forward(net, x, ranges=None, seen=None, macs=None):
    """`ranges`: lowest and highest of each layer's output and each sum, when it is rounded; `seen` takes them, `macs` multiplications."""
    values = [x]
    for i, s in enumerate(STEPS):
        x, op = values[s["inputs"][0]], s["op"]
        if "weights" in s:
            w, b = net[i]
            w = w if ranges is None else fake_weights(w)
        if op in ("conv", "depthwise"):
            x = x.permute(0, 3, 1, 2)
            x = same(x, w, s["stride"]) if s["padding"] == "same" else x
            x = F.conv2d(x, w, b, s["stride"], groups=len(w) if op == "depthwise" else 1).permute(0, 2, 3, 1)
            if macs is not None:
                macs.append(w.numel() * x.shape[1] * x.shape[2])
        elif op == "dense":
            x = F.linear(x, w, b)
            if macs is not None:
                macs.append(w.numel())
        elif op in ("max", "average"):
            pool = F.max_pool2d if op == "max" else F.avg_pool2d
            x = pool(x.permute(0, 3, 1, 2), s["filter"], s["stride"]).permute(0, 2, 3, 1)
        elif op == "mean":
            x = x.mean((1, 2))
        elif op == "reshape":
            x = x.reshape([len(x)] + s["shape"][1:])
        elif op == "add":
            x = x + values[s["inputs"][1]]
        x = F.relu(x) if s["relu"] else x
        if s["rounded"] and i != LAYERS[-1]:
            if seen is not None:
                seen[i] = (min(0.0, float(x.detach().min())), max(0.0, float(x.detach().max())))
            if ranges is not None:
                x = fake_values(x, *ranges[i])
        values.append(x)
    return values[-1]


def ranges_of(net):
    seen = {}
    with torch.no_grad():
        forward(net, parts["train"][0][:512], seen=seen)
    return seen


def accuracy(net, part, ranges=None):
    x, y = parts[part]
    with torch.no_grad():
        right = sum(int((forward(net, x[i : i + 512], ranges).argmax(1) == y[i : i + 512]).sum()) for i in range(0, len(y), 512))
    return right / len(y)


def needs(net):
    macs = []
    with torch.no_grad():
        forward(net, parts["train"][0][:1], macs=macs)
    return sum(w.numel() + 4 * b.numel() for w, b in net.values()), sum(macs)


def groups():
    """Of each value the group of its channels; -1 where none may go: the input's and the answer's."""
    of, tied = [-1], {}
    root = lambda g: g if tied.get(g, g) == g else root(tied[g])
    for i, s in enumerate(STEPS):
        a = of[s["inputs"][0]]
        if s["op"] == "add":
            pair = sorted((root(a), root(of[s["inputs"][1]])))
            tied[pair[1]] = pair[0]
        of.append(i if s["op"] in ("conv", "dense") else a)
    last = root(of[LAYERS[-1] + 1])
    return [-1 if g == -1 or root(g) in (-1, last) else root(g) for g in of]


GROUP = groups()
PRUNED = sorted(set(GROUP) - {-1})


def taylor(net):
    """Of each channel of a group: squared sum of weight times gradient, over some of the train part."""
    net = {i: tuple(t.clone().requires_grad_() for t in ts) for i, ts in net.items()}
    x, y = parts["train"]
    scores = {g: 0 for g in PRUNED}
    for at in range(0, min(len(y), 512), 64):
        loss = F.cross_entropy(forward(net, x[at : at + 64]), y[at : at + 64])
        for i, (w, b) in net.items():
            if GROUP[i + 1] != -1:
                gw, gb = torch.autograd.grad(loss, (w, b), retain_graph=True)
                scores[GROUP[i + 1]] = scores[GROUP[i + 1]] + ((w * gw).flatten(1).sum(1) + b * gb).detach() ** 2
    return scores


def pruned(net, ratios):
    kept = {}
    for g, scores in taylor(net).items():
        kept[g] = scores.argsort(descending=True)[: max(1, round(len(scores) * (1 - ratios[g])))].sort().values
    small = {}
    for i, (w, b) in net.items():
        own, read = GROUP[i + 1], GROUP[STEPS[i]["inputs"][0]]
        if read != -1 and STEPS[i]["op"] == "conv":
            w = w[:, kept[read]]
        if read != -1 and STEPS[i]["op"] == "dense":
            w = w.view(len(w), -1, len(net[read][0]))[:, :, kept[read]].flatten(1)
        small[i] = (w[kept[own]], b[kept[own]]) if own != -1 else (w, b)
    return small


def trained(net, epochs, lr, temperature, weight):
    net = {i: tuple(t.clone().requires_grad_() for t in ts) for i, ts in net.items()}
    x, y = parts["train"]
    steps = int(epochs * (len(y) // 64))
    optimizer = torch.optim.Adam([t for ts in net.values() for t in ts], lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
    ranges = None
    for step in range(steps):
        if step == int(0.7 * steps):
            ranges = ranges_of(net)
        at = torch.randint(len(y), (64,))
        out = forward(net, x[at], ranges)
        soft = F.softmax(answers[at] / temperature, 1)
        taught = F.kl_div(F.log_softmax(out / temperature, 1), soft, reduction="batchmean") * temperature**2
        loss = weight * taught + (1 - weight) * F.cross_entropy(out, y[at])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if used() > seconds:
            break
    net = {i: tuple(t.detach() for t in ts) for i, ts in net.items()}
    return net, ranges or ranges_of(net)


teacher = given()
with torch.no_grad():
    answers = torch.cat([forward(teacher, x) for x in parts["train"][0].split(512)])
before = {p: accuracy(teacher, p) for p in parts}
floor = float(amount) if asked == "goal" else before["validation"] - float(amount)
whole = needs(teacher)
best = None


def objective(trial):
    global best
    ratios = {g: trial.suggest_float(f"ratio{g}", 0, 0.9) for g in PRUNED}
    net, ranges = trained(
        pruned(teacher, ratios),
        trial.suggest_int("epochs", 2, 12),
        trial.suggest_float("lr", 3e-4, 5e-3, log=True),
        trial.suggest_float("temperature", 1, 8, log=True),
        trial.suggest_float("weight", 0.1, 1),
    )
    found = accuracy(net, "validation", ranges)
    cost = sum(a / b for a, b in zip(needs(net), whole)) / 2
    value = cost + 50 * max(0, floor - found)
    if best is None or value < best["value"]:
        best = {"value": value, "objective": cost, "net": net, "ranges": ranges, "validation": found}
    return value


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True))
study.optimize(objective, callbacks=[lambda study, _: study.stop() if used() > seconds else None])
weight_bytes, macs = needs(best["net"])
print(
    json.dumps(
        {
            "trials": len(study.trials),
            "seconds": round(used()),
            "wallSeconds": round(time.time() - begun),
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
