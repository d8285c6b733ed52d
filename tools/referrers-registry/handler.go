package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The specification asks registries to take manifests of at least 4 MiB and to refuse larger ones with 413.
const manifestLimit = 4 << 20

var (
	manifestPath  = regexp.MustCompile(`^/v2/(.+)/manifests/([^/]+)$`)
	referrersPath = regexp.MustCompile(`^/v2/(.+)/referrers/([^/]+)$`)
)

type handler struct {
	store     http.Handler
	referrers *referrers
	pageSize  int
}

func newHandler(store http.Handler, pageSize int) http.Handler {
	return &handler{store: store, referrers: newReferrers(), pageSize: pageSize}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if match := referrersPath.FindStringSubmatch(r.URL.Path); match != nil {
		h.list(w, r, match[1], match[2])
		return
	}
	if match := manifestPath.FindStringSubmatch(r.URL.Path); match != nil {
		switch r.Method {
		case http.MethodPut:
			h.put(w, r, match[1])
			return
		case http.MethodDelete:
			h.referrers.remove(match[1], match[2])
		}
	}
	h.store.ServeHTTP(w, r)
}

// put lets the store take a manifest, and remembers what it refers to once it has been taken.
func (h *handler) put(w http.ResponseWriter, r *http.Request, repository string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, manifestLimit))
	if err != nil {
		writeError(w, http.StatusRequestEntityTooLarge, "SIZE_INVALID", "the manifest is larger than 4 MiB")
		return
	}
	mediaType := r.Header.Get("Content-Type")
	subject, entry, err := parse(body, mediaType)
	if err != nil {
		writeError(w, http.StatusBadRequest, "MANIFEST_INVALID", err.Error())
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	h.store.ServeHTTP(&onCreated{ResponseWriter: w, call: func() {
		if subject != "" {
			h.referrers.add(repository, subject, entry)
			w.Header().Set("OCI-Subject", subject)
		}
	}}, r)
}

func (h *handler) list(w http.ResponseWriter, r *http.Request, repository, subject string) {
	if r.Method != http.MethodGet {
		writeError(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "referrers can only be read")
		return
	}
	if _, err := v1.NewHash(subject); err != nil {
		writeError(w, http.StatusBadRequest, "DIGEST_INVALID", err.Error())
		return
	}
	query := r.URL.Query()
	artifactType := query.Get("artifactType")
	entries := h.referrers.of(repository, subject, artifactType)
	start, _ := strconv.Atoi(query.Get("offset"))
	start = max(0, min(start, len(entries)))
	end := len(entries)
	if h.pageSize > 0 && start+h.pageSize < end {
		end = start + h.pageSize
		next := url.Values{"offset": {strconv.Itoa(end)}}
		if artifactType != "" {
			next.Set("artifactType", artifactType)
		}
		w.Header().Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, r.URL.Path, next.Encode()))
	}
	if artifactType != "" {
		w.Header().Set("OCI-Filters-Applied", "artifactType")
	}
	writeIndex(w, entries[start:end])
}

func writeIndex(w http.ResponseWriter, entries []v1.Descriptor) {
	w.Header().Set("Content-Type", string(types.OCIImageIndex))
	_ = json.NewEncoder(w).Encode(v1.IndexManifest{
		SchemaVersion: 2,
		MediaType:     types.OCIImageIndex,
		Manifests:     append([]v1.Descriptor{}, entries...),
	})
}

func writeError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"errors": []map[string]string{{"code": code, "message": strings.TrimSpace(message)}},
	})
}

// onCreated calls back just before a 201 is written, while headers can still be set.
type onCreated struct {
	http.ResponseWriter
	call func()
}

func (o *onCreated) WriteHeader(status int) {
	if status == http.StatusCreated {
		o.call()
	}
	o.ResponseWriter.WriteHeader(status)
}
