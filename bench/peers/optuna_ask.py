"""What an answer of Optuna's TPE costs, for bench/search.bench.ts.

Each line on stdin, JSON {"space": "float" | "mixed", "dims": .., "trials": ..}, is answered by one line: milliseconds of processor time from asking
for a trial to having told it, of 30 after so many trials. The first line written is the version.
"""
import json
import sys
import time
import warnings

import optuna

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


def suggest_all(trial, space, dims):
    total = 0.0
    for d in range(dims):
        kind = 0 if space == "float" else d % 3
        if kind == 0:
            total += trial.suggest_float(f"p{d}", 0, 1)
        elif kind == 1:
            total += trial.suggest_int(f"p{d}", 0, 100)
        else:
            total += trial.suggest_categorical(f"p{d}", [1, 2, 3, 4])
    return total


def one(study, space, dims):
    trial = study.ask()
    study.tell(trial, suggest_all(trial, space, dims))


print(json.dumps(optuna.__version__), flush=True)
for line in sys.stdin:
    q = json.loads(line)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(q["trials"]):
        one(study, q["space"], q["dims"])
    study.sampler = optuna.samplers.TPESampler(seed=1, multivariate=True, group=True)
    times = []
    for _ in range(30):
        start = time.process_time()
        one(study, q["space"], q["dims"])
        times.append(1000 * (time.process_time() - start))
    print(json.dumps(times), flush=True)
