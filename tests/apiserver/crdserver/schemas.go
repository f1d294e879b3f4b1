package main

import (
	corev1 "k8s.io/api/core/v1"
	generated "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// definitions are the OpenAPI models of CRDs and of core/v1. No package has those of
// core/v1, so that what is below their spec and status is left open.
func definitions(ref common.ReferenceCallback) map[string]common.OpenAPIDefinition {
	all := generated.GetOpenAPIDefinitions(ref)
	add := func(object, list string) {
		all[object] = model(ref, metav1.ObjectMeta{}.OpenAPIModelName(), map[string]spec.Schema{
			"spec": anything(), "status": anything(),
		})
		all[list] = model(ref, metav1.ListMeta{}.OpenAPIModelName(), map[string]spec.Schema{
			"items": *spec.ArrayProperty(&spec.Schema{SchemaProps: spec.SchemaProps{Ref: ref(object)}}),
		}, object)
	}
	add(corev1.Namespace{}.OpenAPIModelName(), corev1.NamespaceList{}.OpenAPIModelName())
	add(corev1.Node{}.OpenAPIModelName(), corev1.NodeList{}.OpenAPIModelName())
	add(corev1.Pod{}.OpenAPIModelName(), corev1.PodList{}.OpenAPIModelName())
	return all
}

// model is an object with the fields that every kind has and more; it refers to the
// model of its metadata and to others.
func model(ref common.ReferenceCallback, metadata string, more map[string]spec.Schema, others ...string) common.OpenAPIDefinition {
	more["apiVersion"], more["kind"] = *spec.StringProperty(), *spec.StringProperty()
	more["metadata"] = spec.Schema{SchemaProps: spec.SchemaProps{Ref: ref(metadata)}}
	return common.OpenAPIDefinition{
		Schema:       spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"object"}, Properties: more}},
		Dependencies: append(others, metadata),
	}
}

func anything() spec.Schema {
	open := spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"object"}}}
	open.AddExtension("x-kubernetes-preserve-unknown-fields", true)
	return open
}
