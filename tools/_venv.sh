# Sourced by the tools: a virtual environment in .venv with spformat and the extras that the caller names in EXTRAS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PYTHON=${PYTHON:-python3}
[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$EXTRAS]" \
  ${PIP_FLAGS:-}
PATH="$PWD/.venv/bin:$PATH"
