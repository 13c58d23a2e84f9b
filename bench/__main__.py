"""`python -m bench`, which is what `./dev bench` runs in the project's environment."""

import sys

from bench.program import main
from devtools import say
from devtools.processes import interrupt_on_signals
from devtools.say import Trouble, line

if __name__ == "__main__":
    say.use_utf8()
    interrupt_on_signals()
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        line(f"./dev bench: {trouble}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
