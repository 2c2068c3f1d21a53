# Sourced by the scripts beside it: where things are. Defines names, does nothing.
# shellcheck shell=bash

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/pilothouse/control-plane"

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# digest FILE...: one short name for the contents of the files and this kind of machine.
digest() {
    { cat "$@"; uname -sm; } | git hash-object --stdin | cut -c1-16
}

# The binaries of one set of pinned versions, and the small programs of our own, which change more often.
assets="$cache/$(digest "$here/go.mod" "$here/go.sum" "$here/build")"
# The controller of Argo Rollouts and its CRDs.
rollouts="$cache/argo-rollouts-$(digest "$here/argo-rollouts/go.mod" "$here/argo-rollouts/go.sum" "$here/argo-rollouts/build")"
# The CRDs of Argo CD.
argocd="$cache/argo-cd-$(digest "$here/argo-cd/go.mod" "$here/argo-cd/go.sum" "$here/argo-cd/build")"
# Helm, which carries out rollbacks of its releases.
helm="$cache/helm-$(digest "$here/helm/go.mod" "$here/helm/go.sum" "$here/helm/build")"
# Flux's controllers and their CRDs.
flux="$cache/flux-$(digest "$here/flux/go.mod" "$here/flux/go.sum" "$here/flux/build")"
# shellcheck disable=SC2034
flux_controllers="source-controller kustomize-controller helm-controller image-automation-controller"
metrics="$cache/metrics-server-$(digest "$here/metrics-server/go.mod" "$here/metrics-server/go.sum" "$here/metrics-server/build")"
tools="$cache/tools-$(cd "$here" && digest go.mod ./*/*.go)"

# binary NAME: the path of one program. What KUBEBUILDER_ASSETS has comes first.
binary() {
    if [ -n "${KUBEBUILDER_ASSETS:-}" ] && [ -x "$KUBEBUILDER_ASSETS/$1" ]; then
        echo "$KUBEBUILDER_ASSETS/$1"
    else
        echo "$assets/$1"
    fi
}

# state_folder [DIR]: a control plane's state folder, always spelled in the same way once it exists: processes are told
# apart by it.
state_folder() {
    local dir="${1:-$cache/run/default}"
    if [ -d "$dir" ]; then
        (cd "$dir" && pwd -P)
    else
        echo "$dir"
    fi
}

# clock: seconds, with tenths where the shell has them; only for saying how long things took.
clock() {
    echo "${EPOCHREALTIME:-$SECONDS}"
}

# since CLOCK: the seconds that have passed.
since() {
    awk -v from="$1" -v to="$(clock)" 'BEGIN { printf "%.1f s", to - from }'
}
