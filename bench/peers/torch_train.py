"""Trains one network in PyTorch, one thread, for bench/train.bench.ts.

  torch_train.py FOLDER [channels_last]

FOLDER holds network.json (nodes and tensors of a Thumbnet graph, softmax left out), weights.bin and inputs.bin (float32).
Each line on stdin, a number of steps, is answered by one line of JSON: the loss, and the processor time of this process. The first line
written names the BLAS. A reference BLAS is refused: it would be compared, not PyTorch.
"""
import json
import re
import sys
import time

import numpy
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.ones(64, 64) @ torch.ones(64, 64)  # loads the BLAS
loaded = {line.split()[-1] for line in open("/proc/self/maps")}
fast = [path for path in loaded if re.search(r"openblas|mkl_|blis|atlas", path)]
built_in = re.search(r"BLAS_INFO=(mkl|open|accelerate)", torch.__config__.show())
if not fast and not built_in:
    sys.exit("PyTorch has only the reference BLAS here: apt-get install libopenblas0")
blas = max((path.split("/")[-1] for path in fast), key=len) if fast else built_in.group(1)
folder = sys.argv[1]
net = json.load(open(folder + "/network.json"))
weights = numpy.fromfile(folder + "/weights.bin", dtype="<f4")
inputs = numpy.fromfile(folder + "/inputs.bin", dtype="<f4")

ACTIVATIONS = {"none": lambda v: v, "relu": torch.relu, "relu6": F.relu6}
parameters = {}
for t in net["parameters"]:
    values = torch.tensor(weights[t["from"] : t["from"] + t["count"]].copy()).reshape(t["shape"])
    if t["layout"] == "OHWI":
        values = values.permute(0, 3, 1, 2).contiguous()
    if t["layout"] == "1HWC":
        values = values.permute(3, 0, 1, 2).contiguous()
    parameters[t["tensor"]] = torch.nn.Parameter(values)


def convolve(x, node):
    w = parameters[node["w"]]
    bias = parameters.get(node["bias"])
    top, bottom, left, right = node["pad"]
    groups = x.shape[1] if node["op"] == "depthwiseConv2d" else 1
    if top == bottom and left == right:
        y = F.conv2d(x, w, bias, stride=node["stride"], padding=(top, left), groups=groups)
    else:
        y = F.conv2d(F.pad(x, (left, right, top, bottom)), w, bias, stride=node["stride"], groups=groups)
    return ACTIVATIONS[node["activation"]](y)


def forward(x):
    at = {net["input"]: x}
    for node in net["nodes"]:
        x = at[node["x"][0]]
        op = node["op"]
        if op in ("conv2d", "depthwiseConv2d"):
            y = convolve(x, node)
        elif op == "fullyConnected":
            y = ACTIVATIONS[node["activation"]](F.linear(x.reshape(x.shape[0], -1), parameters[node["w"]], parameters.get(node["bias"])))
        elif op == "add":
            y = ACTIVATIONS[node["activation"]](x + at[node["x"][1]])
        elif op == "avgPool2d":
            y = F.avg_pool2d(x, node["filter"], node["stride"])
        elif op == "reshape":
            y = x.reshape(x.shape[0], -1)
        else:
            raise ValueError(op)
        at[node["y"]] = y
    return at[net["output"]]


x = torch.tensor(inputs).reshape(net["shape"])
if x.dim() == 4:
    x = x.permute(0, 3, 1, 2)
    x = x.contiguous(memory_format=torch.channels_last) if "channels_last" in sys.argv else x.contiguous()
labels = torch.tensor(net["labels"])
optimizer = torch.optim.Adam(parameters.values(), lr=net["rate"])
print(json.dumps(blas), flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        optimizer.zero_grad()
        y = forward(x)
        loss = F.cross_entropy(y, labels) if len(labels) else F.mse_loss(y, x)
        loss.backward()
        optimizer.step()
    print(json.dumps({"loss": loss.item(), "seconds": time.process_time()}), flush=True)
