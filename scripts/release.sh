#!/usr/bin/env bash
# Publishes the version in package.json with provenance, from a CI job that npm trusts (`id-token: write`):
#   scripts/release.sh             says what would be sent
#   scripts/release.sh --publish   sends it
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(node -p "require('./package.json').version")

[ -z "$(git status --porcelain)" ] || { echo 'there are changes that are not committed' >&2; exit 1; }
grep -q "^## $version\b" CHANGELOG.md || { echo "CHANGELOG.md has no section $version" >&2; exit 1; }
if npm view "thumbnet@$version" version >/dev/null 2>&1; then echo "thumbnet $version is published already" >&2; exit 1; fi

# npm compares it with the repository that the job runs for
if [ "${1:-}" = --publish ] && [ -z "$(node -p "require('./package.json').repository?.url ?? ''")" ]; then
  echo 'package.json names no repository: npm takes no provenance without' >&2
  exit 1
fi

npm ci
npm ci --prefix test/package --ignore-scripts --no-fund --no-audit
npm test
npm run test:package
case "${1:-}" in
  --publish) npm publish --provenance --access public ;;
  *) npm publish --dry-run ;;
esac
