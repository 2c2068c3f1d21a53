// Command prepare writes what a control plane needs before its first process starts: free ports, certificates, keys
// and kubeconfigs, all in one state folder. It starts nothing and talks to nobody.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// portNames are the listeners of one control plane, in the words that the shell scripts use for them.
var portNames = []string{
	"ETCD_PORT", "ETCD_PEER_PORT", "APISERVER_PORT", "KUBELET_PORT", "KWOK_PORT", "METRICS_PORT", "GIT_PORT", "ARTIFACTS_PORT",
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: prepare DIR")
		os.Exit(2)
	}
	if err := prepare(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		os.Exit(1)
	}
}

func prepare(dir string) error {
	pki := filepath.Join(dir, "pki")
	if err := os.MkdirAll(pki, 0o700); err != nil {
		return err
	}
	ports, err := freePorts(len(portNames))
	if err != nil {
		return err
	}
	var lines strings.Builder
	var server string
	for i, name := range portNames {
		fmt.Fprintf(&lines, "%s=%d\n", name, ports[i])
		if name == "APISERVER_PORT" {
			server = fmt.Sprintf("https://127.0.0.1:%d", ports[i])
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "ports"), []byte(lines.String()), 0o600); err != nil {
		return err
	}
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	if err := ca.save(pki, "ca"); err != nil {
		return err
	}
	// Who may say on whose behalf a request comes is another question than who a request comes from: another authority.
	proxies, err := newAuthority()
	if err != nil {
		return err
	}
	if err := proxies.save(pki, "front-proxy-ca"); err != nil {
		return err
	}
	if err := proxies.issue(pki, identity{file: "front-proxy", name: "front-proxy"}); err != nil {
		return fmt.Errorf("certificate of the front proxy: %w", err)
	}
	for _, id := range identities {
		if err := ca.issue(pki, id); err != nil {
			return fmt.Errorf("certificate of %s: %w", id.file, err)
		}
	}
	if err := serviceAccountKeys(pki); err != nil {
		return err
	}
	for _, id := range identities {
		if id.kubeconfig == "" {
			continue
		}
		if err := writeKubeconfig(dir, server, ca.certPEM, id); err != nil {
			return err
		}
	}
	return nil
}

// freePorts finds n ports on loopback that nobody listens on. They lie below the range from which systems take the
// local ports of outgoing connections, and start at a random place, so that two control planes that start together
// hardly ever choose the same ones.
func freePorts(n int) ([]int, error) {
	const low, high = 20000, 30000
	var found []int
	start := rand.IntN(high - low)
	for i := 0; i < high-low && len(found) < n; i++ {
		port := low + (start+i)%(high-low)
		listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		defer listener.Close()
		found = append(found, port)
	}
	if len(found) < n {
		return nil, fmt.Errorf("fewer than %d free ports between %d and %d on 127.0.0.1", n, low, high)
	}
	return found, nil
}

// writeKubeconfig writes a kubeconfig (JSON, which is YAML) that holds the certificates themselves, so that it can be
// copied anywhere.
func writeKubeconfig(dir, server string, caPEM []byte, id identity) error {
	pki := filepath.Join(dir, "pki")
	cert, err := os.ReadFile(filepath.Join(pki, id.file+".crt"))
	if err != nil {
		return err
	}
	key, err := os.ReadFile(filepath.Join(pki, id.file+".key"))
	if err != nil {
		return err
	}
	// encoding/json writes []byte as base64, which is what kubeconfigs want.
	config := map[string]any{
		"apiVersion": "v1",
		"kind":       "Config",
		"clusters": []any{map[string]any{
			"name":    "control-plane",
			"cluster": map[string]any{"server": server, "certificate-authority-data": caPEM},
		}},
		"users": []any{map[string]any{
			"name": id.file,
			"user": map[string]any{"client-certificate-data": cert, "client-key-data": key},
		}},
		"contexts": []any{map[string]any{
			"name":    id.file,
			"context": map[string]any{"cluster": "control-plane", "user": id.file, "namespace": "default"},
		}},
		"current-context": id.file,
	}
	data, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, id.kubeconfig), append(data, '\n'), 0o600)
}
