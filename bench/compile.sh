#!/usr/bin/env bash
# What compiling the crate alone costs: CPU seconds and peak memory of rustc, dev profile, dependencies already built;
# and what the generator makes. Takes the cargo arguments, as in `bench/compile.sh --no-default-features --features tls,chat`.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
export CARGO_TARGET_DIR="$target/target"

# Measures the one rustc call that compiles the library, whatever else cargo runs beside it.
cat >"$target/measure" <<'W'
#!/usr/bin/env python3
import os, resource, sys
arguments = sys.argv[1:]
name = arguments[arguments.index("--crate-name") + 1] if "--crate-name" in arguments else ""
if name != "octopusx":
    os.execvp(arguments[0], arguments)
child = os.fork()
if child == 0:
    os.execvp(arguments[0], arguments)
_, status, usage = os.wait4(child, 0)
with open(os.environ["MEASURED"], "a") as out:
    out.write(f"{usage.ru_utime + usage.ru_stime:.2f} CPU s, peak {usage.ru_maxrss / 1024:.0f} MiB\n")
sys.exit(os.waitstatus_to_exitcode(status))
W
chmod +x "$target/measure"
export MEASURED="$target/measured"
cargo build --quiet --lib "$@"
for _ in 1 2 3; do
  touch src/lib.rs
  RUSTC_WRAPPER="$target/measure" cargo build --quiet --lib "$@"
done
echo "rustc, crate alone, three runs:"; tail -3 "$MEASURED"
out=$(ls -d "$target"/target/debug/build/octopusx-*/out | head -1)
echo "generated:"; wc -l "$out"/*.rs | sed 's|/.*/||'
script=$(ls "$target"/target/debug/build/octopusx-*/build-script-build | head -1)
echo "build script (generator), debug:"
( export OUT_DIR="$target"; for feature in $(sed -n '/^\[features\]/,/^$/s/^\([a-z-]*\) = .*/\1/p' Cargo.toml); do
    export "CARGO_FEATURE_$(echo "$feature" | tr 'a-z-' 'A-Z_')=1"; done
  python3 - "$script" <<'P'
import os, sys
child = os.fork()
if child == 0:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[1], [sys.argv[1]])
_, _, usage = os.wait4(child, 0)
print(f"{usage.ru_utime + usage.ru_stime:.2f} CPU s, peak {usage.ru_maxrss / 1024:.0f} MiB")
P
)
echo "dependencies (crates in the normal tree, build tree):"
cargo tree --prefix none -e normal "$@" | sort -u | grep -vc '^octopusx'
cargo tree --prefix none -e normal,build "$@" | sort -u | grep -vc '^octopusx'
