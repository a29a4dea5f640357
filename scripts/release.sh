#!/usr/bin/env bash
# Publishes the version in package.json with provenance, from a CI job that npm trusts (`id-token: write`):
#   scripts/release.sh             says what is missing, and what would be sent
#   scripts/release.sh --publish   sends it
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(node -p "require('./package.json').version")

missing=()
[ -z "$(git status --porcelain)" ] || missing+=('there are changes that are not committed: commit them')
grep -q "^## $version\b" CHANGELOG.md || missing+=("CHANGELOG.md has no section \"## $version\": name what is released")
if npm view "thumbnet@$version" version >/dev/null 2>&1; then missing+=("thumbnet $version is published already: raise the version"); fi
# npm compares it with the repository that the job runs for
[ -n "$(node -p "require('./package.json').repository?.url ?? ''")" ] ||
  missing+=('package.json names no "repository", and npm takes no provenance without: add {"type": "git", "url": "git+https://..."}')
[ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}${SIGSTORE_ID_TOKEN:-}" ] ||
  missing+=('there is no identity token, which provenance is signed with: run it in a CI job (GitHub: permissions id-token: write; GitLab: SIGSTORE_ID_TOKEN)')
for what in "${missing[@]}"; do echo "missing for --publish: $what" >&2; done
if [ "${1:-}" = --publish ] && [ ${#missing[@]} -gt 0 ]; then exit 1; fi

npm ci
npm ci --prefix test/package --ignore-scripts --no-fund --no-audit
npm test
npm run test:package
case "${1:-}" in
  --publish) npm publish --provenance --access public ;;
  *) npm publish --dry-run ;;
esac
