# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""`python -m homewise_torch --model FOLDER --alias NAME --socket PATH …`, or `… convert …`"""

import sys

if sys.argv[1:2] == ["convert"]:
    from .convert import main

    sys.exit(main(sys.argv[2:]))
else:
    from .main import main

    sys.exit(main(sys.argv[1:]))
