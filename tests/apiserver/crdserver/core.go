package main

import (
	"context"
	"reflect"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/names"
)

var (
	coreVersion = schema.GroupVersion{Version: "v1"}
	coreScheme  = newCoreScheme()
	coreCodecs  = serializer.NewCodecFactory(coreScheme)
)

// A resource of core/v1 as far as it is served: metadata is judged, spec and status are
// kept as they come.
type resource struct {
	plural, singular, short string
	namespaced              bool
	object, list            runtime.Object
	validName               validation.ValidateNameFunc
	// What may stand in a field selector, beyond name and namespace.
	selectable func(runtime.Object) fields.Set
	// What a new object's status becomes; nil keeps it.
	born func(runtime.Object)
}

var coreResources = []resource{
	{
		plural: "namespaces", singular: "namespace", short: "ns",
		object: &corev1.Namespace{}, list: &corev1.NamespaceList{},
		validName: validation.ValidateNamespaceName,
		selectable: func(o runtime.Object) fields.Set {
			return fields.Set{"status.phase": string(o.(*corev1.Namespace).Status.Phase)}
		},
		born: func(o runtime.Object) {
			o.(*corev1.Namespace).Status = corev1.NamespaceStatus{Phase: corev1.NamespaceActive}
		},
	},
	{
		plural: "nodes", singular: "node", short: "no",
		object: &corev1.Node{}, list: &corev1.NodeList{},
		validName: validation.NameIsDNSSubdomain,
		selectable: func(o runtime.Object) fields.Set {
			return fields.Set{"spec.unschedulable": strconv.FormatBool(o.(*corev1.Node).Spec.Unschedulable)}
		},
	},
	{
		plural: "pods", singular: "pod", short: "po", namespaced: true,
		object: &corev1.Pod{}, list: &corev1.PodList{},
		validName: validation.NameIsDNSSubdomain,
		selectable: func(o runtime.Object) fields.Set {
			pod := o.(*corev1.Pod)
			return fields.Set{"spec.nodeName": pod.Spec.NodeName, "status.phase": string(pod.Status.Phase)}
		},
		born: func(o runtime.Object) {
			o.(*corev1.Pod).Status = corev1.PodStatus{Phase: corev1.PodPending}
		},
	},
}

// newCoreScheme knows each type under v1 and, unconverted, as its own internal version.
func newCoreScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, r := range coreResources {
		scheme.AddKnownTypes(coreVersion, r.object, r.list)
		scheme.AddKnownTypes(schema.GroupVersion{Version: runtime.APIVersionInternal}, r.object, r.list)
		kind := coreVersion.WithKind(reflect.TypeOf(r.object).Elem().Name())
		known := r.attributes(r.object)
		must(scheme.AddFieldLabelConversionFunc(kind, func(label, value string) (string, string, error) {
			if known.Has(label) {
				return label, value, nil
			}
			return runtime.DefaultMetaV1FieldSelectorConversion(label, value)
		}))
	}
	metav1.AddToGroupVersion(scheme, coreVersion)
	scheme.AddUnversionedTypes(coreVersion, &metav1.Status{}, &metav1.APIVersions{},
		&metav1.APIGroupList{}, &metav1.APIGroup{}, &metav1.APIResourceList{})
	must(scheme.SetVersionPriority(coreVersion))
	return scheme
}

// coreGroup is all of core/v1, with a status subresource for each resource.
func coreGroup(options generic.RESTOptionsGetter) *genericapiserver.APIGroupInfo {
	storages := map[string]rest.Storage{}
	for _, r := range coreResources {
		store := r.store(options)
		storages[r.plural] = served{store, r}
		ofStatus := *store
		ofStatus.UpdateStrategy = strategy{coreScheme, names.SimpleNameGenerator, r, "Spec"}
		storages[r.plural+"/status"] = statusOf{&ofStatus}
	}
	group := genericapiserver.NewDefaultAPIGroupInfo("", coreScheme, metav1.ParameterCodec, coreCodecs)
	group.PrioritizedVersions = []schema.GroupVersion{coreVersion}
	group.VersionedResourcesStorageMap[coreVersion.Version] = storages
	return &group
}

func (r resource) attributes(o runtime.Object) fields.Set {
	object, err := meta.Accessor(o)
	must(err)
	set := r.selectable(o)
	set["metadata.name"] = object.GetName()
	if r.namespaced {
		set["metadata.namespace"] = object.GetNamespace()
	}
	return set
}

func (r resource) store(options generic.RESTOptionsGetter) *registry.Store {
	attributes := func(o runtime.Object) (labels.Set, fields.Set, error) {
		object, err := meta.Accessor(o)
		if err != nil {
			return nil, nil, err
		}
		return object.GetLabels(), r.attributes(o), nil
	}
	rules := strategy{coreScheme, names.SimpleNameGenerator, r, "Status"}
	name := schema.GroupResource{Resource: r.plural}
	store := &registry.Store{
		NewFunc:                   func() runtime.Object { return fresh(r.object) },
		NewListFunc:               func() runtime.Object { return fresh(r.list) },
		DefaultQualifiedResource:  name,
		SingularQualifiedResource: schema.GroupResource{Resource: r.singular},
		PredicateFunc: func(label labels.Selector, field fields.Selector) storage.SelectionPredicate {
			return storage.SelectionPredicate{Label: label, Field: field, GetAttrs: attributes}
		},
		CreateStrategy: rules,
		UpdateStrategy: rules,
		DeleteStrategy: rules,
		TableConvertor: rest.NewDefaultTableConvertor(name),
	}
	must(store.CompleteWithOptions(&generic.StoreOptions{RESTOptions: options, AttrFunc: attributes}))
	return store
}

func fresh(o runtime.Object) runtime.Object {
	return reflect.New(reflect.TypeOf(o).Elem()).Interface().(runtime.Object)
}

// served is a store with the resource's short name.
type served struct {
	*registry.Store
	resource resource
}

func (s served) ShortNames() []string { return []string{s.resource.short} }

// statusOf is the status subresource of a store: read, replaced and patched only.
type statusOf struct{ store *registry.Store }

func (s statusOf) New() runtime.Object { return s.store.New() }

// Destroy leaves the store to the resource itself.
func (s statusOf) Destroy() {}

func (s statusOf) Get(ctx context.Context, name string, options *metav1.GetOptions) (runtime.Object, error) {
	return s.store.Get(ctx, name, options)
}

func (s statusOf) Update(ctx context.Context, name string, object rest.UpdatedObjectInfo, create rest.ValidateObjectFunc, update rest.ValidateObjectUpdateFunc, _ bool, options *metav1.UpdateOptions) (runtime.Object, bool, error) {
	return s.store.Update(ctx, name, object, create, update, false, options)
}

// strategy says how objects are created and changed; kept names the field, Spec or
// Status, that an update of the other cannot change.
type strategy struct {
	runtime.ObjectTyper
	names.NameGenerator
	resource resource
	kept     string
}

func (s strategy) NamespaceScoped() bool { return s.resource.namespaced }

func (s strategy) PrepareForCreate(_ context.Context, o runtime.Object) {
	if s.resource.born != nil {
		s.resource.born(o)
	}
}

func (s strategy) PrepareForUpdate(_ context.Context, o, old runtime.Object) {
	of := func(o runtime.Object) reflect.Value { return reflect.ValueOf(o).Elem().FieldByName(s.kept) }
	of(o).Set(of(old))
}

func (s strategy) Validate(_ context.Context, o runtime.Object) field.ErrorList {
	object, err := meta.Accessor(o)
	must(err)
	return validation.ValidateObjectMetaAccessor(object, s.resource.namespaced, s.resource.validName, field.NewPath("metadata"))
}

func (s strategy) ValidateUpdate(_ context.Context, o, old runtime.Object) field.ErrorList {
	object, err := meta.Accessor(o)
	must(err)
	before, err := meta.Accessor(old)
	must(err)
	return validation.ValidateObjectMetaAccessorUpdate(object, before, field.NewPath("metadata"))
}

func (s strategy) AllowCreateOnUpdate() bool                                 { return false }
func (s strategy) AllowUnconditionalUpdate() bool                            { return true }
func (s strategy) Canonicalize(runtime.Object)                               {}
func (s strategy) WarningsOnCreate(context.Context, runtime.Object) []string { return nil }
func (s strategy) WarningsOnUpdate(_ context.Context, _, _ runtime.Object) []string {
	return nil
}
