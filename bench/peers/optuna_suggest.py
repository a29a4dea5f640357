"""What Optuna's TPE suggests, for bench/search.bench.ts.

Each line on stdin, JSON, is answered by one line: {"study": {"objectives", "seed", "options"}} begins a study, {"suggest": a parameter} gives its value
in the trial that runs, {"tell": values} ends the trial. The first line written is the version.
"""
import json
import sys
import warnings

import optuna

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = trial = None


def begin(objectives, seed, options):
    sampler = optuna.samplers.TPESampler(seed=seed, **options)
    return optuna.create_study(directions=["minimize"] * objectives, sampler=sampler)


def suggest(name, type, low=0, high=0, log=False, step=None, choices=()):
    if type == "categorical":
        return trial.suggest_categorical(name, choices)
    if type == "int":
        return trial.suggest_int(name, low, high, step=step or 1, log=log)
    return trial.suggest_float(name, low, high, step=step, log=log)


print(json.dumps(optuna.__version__), flush=True)
for line in sys.stdin:
    question = json.loads(line)
    answer = 0
    if "study" in question:
        study = begin(**question["study"])
        trial = study.ask()
    elif "suggest" in question:
        answer = suggest(**question["suggest"])
    else:
        study.tell(trial, question["tell"])
        trial = study.ask()
    print(json.dumps(answer), flush=True)
