# Sourced by up, down, stop-apiserver and start-apiserver: the processes of one control plane, whose state folder is in
# $dir. Each has a file pids/NAME, and a log in log/NAME.log.
# shellcheck shell=bash

# A recorded process is only ours while its command line still names this state folder: numbers are used again.
alive() { # NAME
    local pid
    pid="$(cat "$dir/pids/$1" 2>/dev/null)" || return 1
    case "$(ps -ww -o args= -p "$pid" 2>/dev/null)" in
        *"$dir/"*) return 0 ;;
        *) return 1 ;;
    esac
}

# Starts a program in a process group of its own: a Ctrl-C that is meant for a test must not reach it.
start() { # NAME PROGRAM ARGUMENT...
    local name="$1"
    shift
    mkdir -p "$dir/log" "$dir/pids"
    set -m
    "$@" </dev/null >>"$dir/log/$name.log" 2>&1 &
    echo $! >"$dir/pids/$name"
    set +m
    disown
}

# Ends one process and waits until it is gone; a second signal, KILL, follows after the given patience.
stop() { # NAME SIGNAL SECONDS
    local pid tenths=$(($3 * 10))
    if alive "$1"; then
        pid="$(cat "$dir/pids/$1")"
        kill "-$2" "$pid" 2>/dev/null || true
        while alive "$1"; do
            [ "$tenths" -gt 0 ] || kill -KILL "$pid" 2>/dev/null || true
            tenths=$((tenths - 1))
            sleep 0.1
        done
    fi
    rm -f "$dir/pids/$1"
}

# Waits until a command succeeds. Gives up when the process is gone or the time is over, with the end of its log.
await() { # NAME SECONDS COMMAND...
    local name="$1" tries=$(($2 * 10))
    shift 2
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        if [ "$tries" -le 0 ] || ! alive "$name"; then
            tail -n 20 "$dir/log/$name.log" >&2
            alive "$name" || die "$name has ended: its whole log is $dir/log/$name.log"
            die "$name does not answer: its whole log is $dir/log/$name.log"
        fi
        sleep 0.1
    done
}

kubectl() {
    "$(binary kubectl)" --kubeconfig "$dir/admin.kubeconfig" "$@"
}

start_apiserver() {
    local pki="$dir/pki"
    # Nothing in this cluster connects to the `kubernetes` Service, and its endpoints may not be loopback addresses:
    # nobody reconciles them.
    start kube-apiserver "$(binary kube-apiserver)" \
        --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port="$APISERVER_PORT" \
        --endpoint-reconciler-type=none --service-cluster-ip-range=10.96.0.0/16 \
        --etcd-servers="https://127.0.0.1:$ETCD_PORT" \
        --etcd-cafile="$pki/ca.crt" --etcd-certfile="$pki/etcd.crt" --etcd-keyfile="$pki/etcd.key" \
        --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
        --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
        --service-account-issuer=https://kubernetes.default.svc \
        --service-account-key-file="$pki/service-accounts.pub" \
        --service-account-signing-key-file="$pki/service-accounts.key" \
        --kubelet-client-certificate="$pki/apiserver-kubelet-client.crt" \
        --requestheader-client-ca-file="$pki/front-proxy-ca.crt" --requestheader-allowed-names=front-proxy \
        --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
        --requestheader-extra-headers-prefix=X-Remote-Extra- \
        --proxy-client-cert-file="$pki/front-proxy.crt" --proxy-client-key-file="$pki/front-proxy.key" \
        --kubelet-client-key="$pki/apiserver-kubelet-client.key" --kubelet-preferred-address-types=InternalIP \
        --profiling=false
    await kube-apiserver 60 kubectl get --raw=/readyz
}

# Flux's controllers. They take their kubeconfig from the environment only, so each is started by a name within the state
# folder, by which its process is known as ours. One of two cores is enough for each: they must not be in anybody's way.
start_flux() {
    local controller
    mkdir -p "$dir/flux"
    for controller in $flux_controllers; do
        ln -sf "$flux/$controller" "$dir/flux/$controller"
        set -- --metrics-addr=0 --health-addr=0 --log-level=error --kube-api-qps=500 --kube-api-burst=1000 --requeue-dependency=1s
        case "$controller" in
            source-controller)
                set -- "$@" --storage-path="$dir/flux/artifacts" --storage-addr="127.0.0.1:$ARTIFACTS_PORT" \
                    --storage-adv-addr="127.0.0.1:$ARTIFACTS_PORT"
                mkdir -p "$dir/flux/artifacts"
                ;;
            image-automation-controller)
                # It waits for nobody.
                set -- --metrics-addr=0 --health-addr=0 --log-level=error --kube-api-qps=500 --kube-api-burst=1000
                ;;
        esac
        KUBECONFIG="$dir/admin.kubeconfig" RUNTIME_NAMESPACE=default GOMAXPROCS=1 TMPDIR="$dir/flux" \
            start "$controller" "$dir/flux/$controller" "$@"
    done
}
