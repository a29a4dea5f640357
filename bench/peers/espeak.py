"""Words by espeak-ng's library, as its command says them, without a process for each.

    espeak.py FOLDER    FOLDER holds espeak-ng-data

Reads one line of JSON for each batch, [[voice, words a minute, pitch, text], ...], and answers with 16-bit samples of each in base64.
"""
import base64
import ctypes
import json
import sys

RETRIEVAL, RATE, PITCH, CHARACTERS, END_PAUSE = 1, 1, 3, 1, 0x1000

library = ctypes.CDLL("libespeak-ng.so.1")
said = bytearray()


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
def hear(samples, count, _):
    if samples and count:
        said.extend(ctypes.string_at(samples, 2 * count))
    return 0


rate = library.espeak_Initialize(RETRIEVAL, 0, sys.argv[1].encode(), 0)
library.espeak_SetSynthCallback(hear)
# its list holds 349 voices and is read once: those that are written later are found by their files, and push none out
library.espeak_SetVoiceByName(b"en-us")
print(json.dumps(rate), flush=True)
for line in sys.stdin:
    answers = []
    for voice, speed, pitch, text in json.loads(line):
        said.clear()
        # the command goes on by the language alone, and leaves the variant out in silence
        if library.espeak_SetVoiceByName(voice.encode()):
            raise SystemExit(f"espeak-ng has no voice {voice}")
        library.espeak_SetParameter(RATE, speed, 0)
        library.espeak_SetParameter(PITCH, pitch, 0)
        data = text.encode()
        library.espeak_Synth(data, len(data) + 1, 0, 1, 0, CHARACTERS | END_PAUSE, None, None)
        library.espeak_Synchronize()
        answers.append(base64.b64encode(bytes(said)).decode())
    print(json.dumps(answers), flush=True)
