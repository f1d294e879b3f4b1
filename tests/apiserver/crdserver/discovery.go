package main

import (
	"net/http"
	"slices"
	"strings"

	crdv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/endpoints/discovery"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/tools/cache"
)

// announce lists the groups of CRDs under /apis, as the aggregator of a whole
// kube-apiserver does.
func announce(groups discovery.GroupManager, crds cache.SharedIndexInformer) {
	groups.AddGroup(apiGroup(crdv1.GroupName, "v1"))
	again := func(any) {
		served := map[string][]string{}
		for _, stored := range crds.GetStore().List() {
			crd := stored.(*crdv1.CustomResourceDefinition)
			for _, version := range crd.Spec.Versions {
				if name := crd.Spec.Group; version.Served && !slices.Contains(served[name], version.Name) {
					served[name] = append(served[name], version.Name)
				}
			}
		}
		for name, versions := range served {
			groups.AddGroup(apiGroup(name, versions...))
		}
	}
	_, err := crds.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    again,
		UpdateFunc: func(_, now any) { again(now) },
	})
	must(err)
}

func apiGroup(name string, versions ...string) metav1.APIGroup {
	group := metav1.APIGroup{Name: name}
	for _, version := range versions {
		group.Versions = append(group.Versions, metav1.GroupVersionForDiscovery{
			GroupVersion: name + "/" + version, Version: version,
		})
	}
	group.PreferredVersion = group.Versions[0]
	return group
}

// handlers are the usual ones behind one that takes a path with slashes at its end for
// the path without: the router that Debian packages tells them apart.
func handlers(api http.Handler, config *genericapiserver.Config) http.Handler {
	usual := genericapiserver.DefaultBuildHandlerChain(api, config)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := strings.TrimRight(r.URL.Path, "/"); path != "" && path != r.URL.Path {
			r = r.Clone(r.Context())
			r.URL.Path = path
		}
		usual.ServeHTTP(w, r)
	})
}
