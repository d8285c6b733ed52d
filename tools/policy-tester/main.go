// policy-tester says whether Sigstore's policy-controller lets an image in: the controller's own validation, its own
// reading of TrustRoots and its own verification, without a cluster.
//
// Its authors' tester reads no trusted_root.json from a TrustRoot; the controller itself does.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"knative.dev/pkg/apis"
	"sigs.k8s.io/yaml"

	"github.com/sigstore/policy-controller/pkg/apis/config"
	"github.com/sigstore/policy-controller/pkg/apis/policy/v1alpha1"
	"github.com/sigstore/policy-controller/pkg/policy"
	"github.com/sigstore/policy-controller/pkg/reconciler/trustroot"
	"github.com/sigstore/policy-controller/pkg/tuf"
)

const (
	admitted = 0
	refused  = 1
	invalid  = 2
)

func main() {
	rules := flag.String("policy", "", "file with a ClusterImagePolicy")
	root := flag.String("trustroot", "", "file with the TrustRoot that it names")
	image := flag.String("image", "", "image")
	flag.Parse()
	os.Exit(run(*rules, *root, *image))
}

func run(rules, root, image string) int {
	ctx := context.Background()
	ctx, err := withRoot(ctx, root)
	if err != nil {
		return tell(invalid, err)
	}
	verification := policy.Verification{
		NoMatchPolicy: "deny",
		Policies:      &[]policy.Source{{Path: rules}},
	}
	if fault := verification.Validate(ctx); fault != nil {
		if fault = fault.Filter(apis.ErrorLevel); fault != nil {
			return tell(invalid, fault)
		}
	}
	reference, err := name.ParseReference(image)
	if err != nil {
		return tell(invalid, err)
	}
	verifier, err := policy.Compile(ctx, verification, func(string, ...interface{}) {})
	if err != nil {
		return tell(invalid, err)
	}
	if err := verifier.Verify(ctx, reference, authn.DefaultKeychain); err != nil {
		return tell(refused, err)
	}
	return admitted
}

func withRoot(ctx context.Context, path string) (context.Context, error) {
	if path == "" {
		return ctx, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	resource := &v1alpha1.TrustRoot{}
	if err := yaml.UnmarshalStrict(raw, resource); err != nil {
		return nil, err
	}
	if fault := resource.Validate(ctx); fault != nil {
		return nil, fault
	}
	repository := resource.Spec.Repository
	if repository == nil {
		return nil, fmt.Errorf("the TrustRoot holds no repository")
	}
	client, err := tuf.ClientFromSerializedMirror(
		ctx, repository.MirrorFS, repository.Root, repository.Targets, v1alpha1.DefaultTUFRepoPrefix)
	if err != nil {
		return nil, err
	}
	keys, err := trustroot.GetSigstoreKeysFromTuf(ctx, client, repository.TrustedRootTarget)
	if err != nil {
		return nil, err
	}
	known := config.FromContextOrDefaults(ctx)
	known.SigstoreKeysConfig = &config.SigstoreKeysMap{
		SigstoreKeys: map[string]*config.SigstoreKeys{resource.Name: keys},
	}
	return config.ToContext(ctx, known), nil
}

func tell(status int, err error) int {
	fmt.Println(err)
	return status
}
