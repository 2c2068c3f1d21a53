// Command kubelet is the kubelet endpoint of all fake nodes. It answers container logs itself, made up from the pod's
// status, says what containers use, and hands everything else to KWOK.
//
// KWOK can serve logs too, but only the same file for every pod, and following it never ends. Here a log starts when
// the container starts, says which image and command it runs, grows, and ends when the container does, as a real
// kubelet's does. It only reads from the API server.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

func main() {
	pki := flag.String("pki", "", "folder with ca.crt, kubelet.crt and kubelet.key")
	listen := flag.String("listen", "", "address to serve on")
	server := flag.String("server", "", "URL of the API server")
	kwok := flag.String("kwok", "", "URL of KWOK's own server")
	flag.Parse()
	if err := serve(*pki, *listen, *server, *kwok); err != nil {
		fmt.Fprintln(os.Stderr, "kubelet:", err)
		os.Exit(1)
	}
}

func serve(pki, listen, server, kwok string) error {
	authority, err := os.ReadFile(filepath.Join(pki, "ca.crt"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return fmt.Errorf("%s/ca.crt holds no certificate", pki)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(pki, "kubelet.crt"), filepath.Join(pki, "kubelet.key"))
	if err != nil {
		return err
	}
	behind, err := url.Parse(kwok)
	if err != nil {
		return err
	}
	client := &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}},
			ForceAttemptHTTP2: true,
		},
	}
	mux := http.NewServeMux()
	mux.Handle("GET /containerLogs/{namespace}/{pod}/{container}", &logs{server: server, client: client})
	mux.Handle("GET /metrics/nodes/{node}/resource", &usage{server: server, client: client, totals: map[string]*total{}})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind) }})
	front := &http.Server{
		Addr:              listen,
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(os.Stderr, "", log.LstdFlags),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{pair},
			ClientCAs:    pool,
			ClientAuth:   tls.RequireAndVerifyClientCert,
			// exec and port-forward upgrade the connection, which HTTP/2 cannot do.
			NextProtos: []string{"http/1.1"},
		},
	}
	return front.ListenAndServeTLS("", "")
}
