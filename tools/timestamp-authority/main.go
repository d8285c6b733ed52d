// Command timestamp-authority serves Sigstore's timestamp authority (RFC 3161) without its metrics.
//
// It exists for tests. The authority is upstream's, signing with a key in a file; upstream's own command would offer
// metrics on port 2112 of every address, and so only one of them could run on a machine.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/sigstore/timestamp-authority/v2/pkg/log"
	"github.com/sigstore/timestamp-authority/v2/pkg/server"
	"github.com/spf13/viper"
)

// The arc that Sigstore's own authority issues its timestamps under.
const policy = "1.3.6.1.4.1.57264.2"

func main() {
	address := flag.String("address", "127.0.0.1:0", "address to listen on")
	key := flag.String("key", "", "file with the key that signs (PEM, PKCS #8, not encrypted)")
	chain := flag.String("chain", "", "file with its certificate and those above it (PEM)")
	flag.Parse()

	if err := serve(*address, *key, *chain); err != nil {
		fmt.Fprintln(os.Stderr, "timestamp-authority:", err)
		os.Exit(1)
	}
}

func serve(address, key, chain string) error {
	log.ConfigureLogger("prod")
	for name, value := range map[string]any{
		"timestamp-signer":       "file",
		"timestamp-signer-hash":  "sha256",
		"file-signer-key-path":   key,
		"certificate-chain-path": chain,
		"default-policy-oid":     policy,
		"max-request-body-size":  1 << 20,
	} {
		viper.Set(name, value)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	authority := server.NewRestAPIServer("127.0.0.1", 0, []string{"http"}, false, 10*time.Second, 10*time.Second)
	front := &http.Server{
		Handler:           authority.GetHandler(),
		ReadHeaderTimeout: 10 * time.Second,
	}
	return front.Serve(listener)
}
