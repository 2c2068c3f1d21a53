package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// identity is one certificate: who it is for the API server (common name and groups), and where it is kept.
type identity struct {
	file       string   // pki/<file>.crt and pki/<file>.key
	name       string   // common name: the user name
	groups     []string // organisations: the user's groups
	server     bool     // also presented as a server, on loopback
	kubeconfig string   // name of the kubeconfig to write for it; none if empty
}

// identities are all certificates of a control plane. Controllers and scheduler have only their own built-in RBAC
// roles, as in a real cluster.
var identities = []identity{
	{file: "admin", name: "admin", groups: []string{"system:masters"}, kubeconfig: "admin.kubeconfig"},
	{file: "kube-controller-manager", name: "system:kube-controller-manager", kubeconfig: "kube-controller-manager.kubeconfig"},
	{file: "kube-scheduler", name: "system:kube-scheduler", kubeconfig: "kube-scheduler.kubeconfig"},
	{file: "kwok", name: "kwok", groups: []string{"system:masters"}, kubeconfig: "kwok.kubeconfig"},
	{file: "metrics-server", name: "metrics-server", groups: []string{"system:masters"}, server: true, kubeconfig: "metrics-server.kubeconfig"},
	{file: "apiserver", name: "kube-apiserver", server: true},
	{file: "apiserver-kubelet-client", name: "kube-apiserver-kubelet-client"},
	{file: "etcd", name: "etcd", server: true},
	{file: "kubelet", name: "kubelet", groups: []string{"system:masters"}, server: true},
}

type authority struct {
	cert    *x509.Certificate
	certPEM []byte
	key     *ecdsa.PrivateKey
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := validity(&x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test control plane"},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageCRLSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	})
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{cert: cert, certPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key: key}, nil
}

func (a *authority) save(pki, name string) error {
	if err := os.WriteFile(filepath.Join(pki, name+".crt"), a.certPEM, 0o600); err != nil {
		return err
	}
	return writeKey(filepath.Join(pki, name+".key"), a.key)
}

func (a *authority) issue(pki string, id identity) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	template := validity(&x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: id.name, Organization: id.groups},
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if id.server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)}
		template.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return err
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(filepath.Join(pki, id.file+".crt"), encoded, 0o600); err != nil {
		return err
	}
	return writeKey(filepath.Join(pki, id.file+".key"), key)
}

// serviceAccountKeys writes the pair with which service account tokens are signed and checked.
func serviceAccountKeys(pki string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	if err := os.WriteFile(filepath.Join(pki, "service-accounts.pub"), encoded, 0o600); err != nil {
		return err
	}
	return writeKey(filepath.Join(pki, "service-accounts.key"), key)
}

// validity lets a certificate begin an hour ago, for clocks that step back, and live for a month: far longer than any
// test run, short enough that a forgotten folder opens nothing.
func validity(template *x509.Certificate) *x509.Certificate {
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(30 * 24 * time.Hour)
	return template
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}
