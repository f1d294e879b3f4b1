// crdserver is a Kubernetes API server for tests, as far as Debian packages its parts.
//
// Custom resources are served by k8s.io/apiextensions-apiserver, which is the code that
// kube-apiserver serves them with: schemas, defaults, CEL, server-side apply, dry run,
// paging, watch. In front of the same etcd and behind the same port are the namespaces,
// nodes and pods of core/v1, with the generic registry and no rules of their own.
//
// It has no other built-in types, no RBAC, no webhooks and no controllers.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"go.opentelemetry.io/otel/trace/noop"
	corev1 "k8s.io/api/core/v1"
	crdv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver"
	crdoptions "k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/discovery/aggregated"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/util/feature"
	"k8s.io/apiserver/pkg/util/openapi"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
)

// What flags set.
type settings struct {
	run       *options.ServerRunOptions
	serving   *options.SecureServingOptionsWithLoopback
	etcd      *options.EtcdOptions
	audit     *options.AuditOptions
	authority string
	tokens    string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	must(assemble(parse(os.Args[1:])).PrepareRun().RunWithContext(ctx))
}

func parse(arguments []string) settings {
	s := settings{
		run:     options.NewServerRunOptions(),
		serving: options.NewSecureServingOptions().WithLoopback(),
		etcd:    options.NewEtcdOptions(storagebackend.NewDefaultConfig("/registry", nil)),
		audit:   options.NewAuditOptions(),
	}
	flags := pflag.NewFlagSet("crdserver", pflag.ExitOnError)
	s.run.AddUniversalFlags(flags)
	s.serving.AddFlags(flags)
	s.etcd.AddFlags(flags)
	s.audit.AddFlags(flags)
	flags.StringVar(&s.authority, "client-ca-file", "", "authority of the clients' certificates")
	flags.StringVar(&s.tokens, "token-auth-file", "", `CSV of token,user,uid[,"group,group"]`)
	must(flags.Parse(arguments))
	must(s.run.ComponentGlobalsRegistry.Set())
	must(s.run.Complete())
	must(s.serving.MaybeDefaultWithSelfSignedCerts("localhost", nil, []net.IP{net.IPv4(127, 0, 0, 1)}))
	return s
}

// assemble puts the server of CRDs and their resources before the one of core/v1.
func assemble(s settings) *genericapiserver.GenericAPIServer {
	shared := newShared(s)
	core := shared.core
	must(s.storage(runtime.NewMultiGroupVersioner(coreVersion), coreCodecs.LegacyCodec(coreVersion)).ApplyTo(&core.Config))
	coreServer, err := core.Complete().New("core", genericapiserver.NewEmptyDelegate())
	must(err)
	must(coreServer.InstallLegacyAPIGroup("/api", coreGroup(core.RESTOptionsGetter)))

	crds := shared.config(apiserver.Codecs)
	crds.BuildHandlerChainFunc = handlers
	stored := s.storage(
		runtime.NewMultiGroupVersioner(crdv1beta1.SchemeGroupVersion, schema.GroupKind{Group: crdv1beta1.GroupName}),
		apiserver.Codecs.LegacyCodec(crdv1beta1.SchemeGroupVersion, crdv1.SchemeGroupVersion),
	)
	stored.SkipHealthEndpoints = true
	must(stored.ApplyTo(&crds.Config))
	must(options.NewAPIEnablementOptions().ApplyTo(&crds.Config, apiserver.DefaultAPIResourceConfigSource(), apiserver.Scheme))
	whole := apiserver.Config{GenericConfig: crds, ExtraConfig: apiserver.ExtraConfig{
		CRDRESTOptionsGetter: crdoptions.NewCRDRESTOptionsGetter(*stored, crds.ResourceTransformers, crds.StorageObjectCountTracker),
		MasterCount:          1,
		AuthResolverWrapper:  webhook.NewDefaultAuthenticationInfoResolverWrapper(nil, nil, crds.LoopbackClientConfig, noop.NewTracerProvider()),
	}}
	crdServer, err := whole.Complete().New(coreServer)
	must(err)
	announce(coreServer.DiscoveryGroupManager, crdServer.Informers.Apiextensions().V1().CustomResourceDefinitions().Informer())
	server := crdServer.GenericAPIServer
	server.AddPostStartHookOrDie("default-namespace", shared.defaultNamespace)
	return server
}

func (s settings) storage(version runtime.GroupVersioner, codec runtime.Codec) *options.EtcdOptions {
	etcd := *s.etcd
	etcd.StorageConfig.Codec = codec
	etcd.StorageConfig.EncodeVersioner = version
	return &etcd
}

// What both servers have one of: listener, users, audit log, admission, discovery.
type shared struct {
	settings  settings
	core      *genericapiserver.RecommendedConfig
	discovery aggregated.ResourceManager
	client    kubernetes.Interface
	informers informers.SharedInformerFactory
}

func newShared(s settings) *shared {
	all := &shared{settings: s, discovery: aggregated.NewResourceManager("apis")}
	core := all.plain(coreCodecs)
	all.core = core
	must(s.serving.ApplyTo(&core.SecureServing, &core.LoopbackClientConfig))
	must(s.audit.ApplyTo(&core.Config))
	core.Authentication.Authenticator = authenticate(&core.Config, s.authority, s.tokens)

	client, err := kubernetes.NewForConfig(core.LoopbackClientConfig)
	must(err)
	dynamicClient, err := dynamic.NewForConfig(core.LoopbackClientConfig)
	must(err)
	all.client = client
	all.informers = informers.NewSharedInformerFactory(client, 10*time.Minute)
	all.complete(core)
	admission := options.NewAdmissionOptions()
	// They ask for types that are not served; what is left knows of namespaces.
	admission.DisablePlugins = []string{
		"MutatingAdmissionPolicy", "MutatingAdmissionWebhook",
		"ValidatingAdmissionPolicy", "ValidatingAdmissionWebhook",
	}
	must(admission.ApplyTo(&core.Config, all.informers, client, dynamicClient, feature.DefaultFeatureGate, core.EffectiveVersion))
	return all
}

func (all *shared) plain(codecs serializer.CodecFactory) *genericapiserver.RecommendedConfig {
	config := genericapiserver.NewRecommendedConfig(codecs)
	must(all.settings.run.ApplyTo(&config.Config))
	config.AggregatedDiscoveryGroupManager = all.discovery
	return config
}

// config is that of a server which shares what the core has.
func (all *shared) config(codecs serializer.CodecFactory) *genericapiserver.RecommendedConfig {
	config := all.plain(codecs)
	config.SecureServing = all.core.SecureServing
	config.LoopbackClientConfig = all.core.LoopbackClientConfig
	config.Authentication.Authenticator = all.core.Authentication.Authenticator
	config.AdmissionControl = all.core.AdmissionControl
	config.AuditBackend = all.core.AuditBackend
	config.AuditPolicyRuleEvaluator = all.core.AuditPolicyRuleEvaluator
	all.complete(config)
	return config
}

func (all *shared) complete(config *genericapiserver.RecommendedConfig) {
	models := openapi.GetOpenAPIDefinitionsWithoutDisabledFeatures(definitions)
	namer := openapinamer.NewDefinitionNamer(apiserver.Scheme, clientscheme.Scheme)
	config.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(models, namer)
	config.OpenAPIConfig.Info.Title = "crdserver"
	config.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(models, namer)
	config.OpenAPIV3Config.Info.Title = "crdserver"
	config.SharedInformerFactory = all.informers
	config.Authorization.Authorizer = authorizer.AuthorizerFunc(authorize)
}

// defaultNamespace creates it as soon as the server lets it.
func (all *shared) defaultNamespace(hook genericapiserver.PostStartHookContext) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: metav1.NamespaceDefault}}
	go func() {
		for hook.Err() == nil {
			_, err := all.client.CoreV1().Namespaces().Create(hook, namespace, metav1.CreateOptions{})
			if err == nil || errors.IsAlreadyExists(err) {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return nil
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "crdserver:", err)
		os.Exit(1)
	}
}
