package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// referrers remembers, for each repository and subject, which manifests refer to it, in the order of their arrival.
type referrers struct {
	lock    sync.RWMutex
	entries map[string]map[string][]v1.Descriptor
}

func newReferrers() *referrers {
	return &referrers{entries: map[string]map[string][]v1.Descriptor{}}
}

func (r *referrers) add(repository, subject string, entry v1.Descriptor) {
	r.lock.Lock()
	defer r.lock.Unlock()
	subjects, found := r.entries[repository]
	if !found {
		subjects = map[string][]v1.Descriptor{}
		r.entries[repository] = subjects
	}
	if !slices.ContainsFunc(subjects[subject], same(entry.Digest.String())) {
		subjects[subject] = append(subjects[subject], entry)
	}
}

// remove forgets the manifest with that digest; removing a tag removes no referrer.
func (r *referrers) remove(repository, digest string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	for subject, entries := range r.entries[repository] {
		r.entries[repository][subject] = slices.DeleteFunc(entries, same(digest))
	}
}

func (r *referrers) of(repository, subject, artifactType string) []v1.Descriptor {
	r.lock.RLock()
	defer r.lock.RUnlock()
	var found []v1.Descriptor
	for _, entry := range r.entries[repository][subject] {
		if artifactType == "" || entry.ArtifactType == artifactType {
			found = append(found, entry)
		}
	}
	return found
}

func same(digest string) func(v1.Descriptor) bool {
	return func(entry v1.Descriptor) bool { return entry.Digest.String() == digest }
}

// parse returns the subject of a manifest (empty without one) and the entry that lists the manifest as its referrer.
func parse(body []byte, mediaType string) (string, v1.Descriptor, error) {
	var document struct {
		ArtifactType string            `json:"artifactType"`
		Annotations  map[string]string `json:"annotations"`
		Subject      *v1.Descriptor    `json:"subject"`
		Config       struct {
			MediaType string `json:"mediaType"`
		} `json:"config"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return "", v1.Descriptor{}, err
	}
	if document.Subject == nil {
		return "", v1.Descriptor{}, nil
	}
	digest, size, err := v1.SHA256(bytes.NewReader(body))
	if err != nil {
		return "", v1.Descriptor{}, err
	}
	entry := v1.Descriptor{
		MediaType:    types.MediaType(mediaType),
		Digest:       digest,
		Size:         size,
		ArtifactType: document.ArtifactType,
		Annotations:  document.Annotations,
	}
	if entry.ArtifactType == "" {
		entry.ArtifactType = document.Config.MediaType
	}
	return document.Subject.Digest.String(), entry, nil
}
