"""`python -m earmark` to the command `earmark`."""

import sys

from earmark.cli.main import main

sys.exit(main())
