//go:build tools

// This file is never compiled. It only makes `go mod tidy` keep, in go.mod and go.sum, everything that `build` builds.

package controlplane

import (
	_ "go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
	_ "k8s.io/kubernetes/cmd/kubectl"
	_ "sigs.k8s.io/gateway-api/apis/v1" // for config/crd/standard, which is in the same module
	_ "sigs.k8s.io/kwok/cmd/kwok"
)
