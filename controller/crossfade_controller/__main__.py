"""`python -m crossfade_controller …` is `crossfade serve …`."""

import sys

from crossfade_shared.command_line import main

if __name__ == "__main__":
    sys.argv[1:1] = ["serve"]
    main()
