#!/usr/bin/env bash
# site.sh: builds the site from README.md, docs/ and the pages beside them (mkdocs.yml) into
# build/site, which begins with index.html (`python3 -m http.server -d build/site` serves it: without
# a server only the search does not work). The first run makes an environment with MkDocs in
# build/site-env; later ones need no network. A warning, a link or an anchor that leads nowhere, and
# anything that a page would load from elsewhere, is an error. PYTHON names the interpreter to start
# from (default: python3).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Pinned, as all that the project is built with.
wanted=(mkdocs==1.6.1 mkdocs-material==9.8.1 pymdown-extensions==13.1)
environment=build/site-env
log=build/site.log
logged() { "$@" >$log 2>&1 || { cat $log >&2; return 1; }; }
mkdir -p build
if [ "$(cat $environment/wanted 2>/dev/null)" != "${wanted[*]}" ]; then
  logged "${PYTHON:-python3}" -m venv --clear $environment
  logged $environment/bin/python -m pip --disable-pip-version-check install --quiet --no-compile "${wanted[@]}"
  echo "${wanted[*]}" >$environment/wanted
fi

$environment/bin/python scripts/site_pages.py collect build/site-pages
# The variable silences a notice that is no warning of a page: Material's authors go on as Zensical,
# which builds this mkdocs.yml as it is (tried: zensical 0.0.73, `zensical build --strict`).
NO_MKDOCS_2_WARNING=1 logged $environment/bin/python -m mkdocs build --strict --clean
if grep -qi warning $log; then
  cat $log >&2
  exit 1
fi
$environment/bin/python scripts/site_pages.py check build/site
echo "site: build/site/index.html, $(find build/site -name '*.html' | wc -l) pages"
