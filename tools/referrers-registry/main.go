// Command referrers-registry serves an in-memory registry with the referrers API of distribution-spec 1.1.
//
// It exists for tests: go-containerregistry's registry does the storing, and what the specification asks for listing
// referrers is added in front of it. Nothing is kept when it ends.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	address := flag.String("address", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	pageSize := flag.Int("page-size", 0, "most referrers in one answer; 0 lists all at once")
	flag.Parse()

	if err := serve(*address, *pageSize); err != nil {
		fmt.Fprintln(os.Stderr, "referrers-registry:", err)
		os.Exit(1)
	}
}

func serve(address string, pageSize int) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	store := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := &http.Server{
		Handler:           newHandler(store, pageSize),
		ReadHeaderTimeout: 10 * time.Second,
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	return server.Serve(listener)
}
