package main

import (
	"context"
	"slices"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/request/union"
	"k8s.io/apiserver/pkg/authentication/request/x509"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

// authenticate believes client certificates of an authority and the tokens of a CSV file;
// an empty path turns that way off.
func authenticate(server *genericapiserver.Config, authority, tokens string) authenticator.Request {
	var ways []authenticator.Request
	if authority != "" {
		pool, err := dynamiccertificates.NewDynamicCAContentFromFile("client-ca", authority)
		must(err)
		// From here on the listener asks its clients for certificates.
		must(server.Authentication.ApplyClientCert(pool, server.SecureServing))
		ways = append(ways, x509.NewDynamic(pool.VerifyOptions, x509.CommonNameUserConversion))
	}
	if tokens != "" {
		known, err := tokenfile.NewCSV(tokens)
		must(err)
		ways = append(ways, bearertoken.New(known))
	}
	return group.NewAuthenticatedGroupAdder(union.New(ways...))
}

// authorize lets administrators do everything and every other user read.
func authorize(_ context.Context, asked authorizer.Attributes) (authorizer.Decision, string, error) {
	who := asked.GetUser()
	if who == nil {
		return authorizer.DecisionNoOpinion, "nobody may do anything", nil
	}
	reads := asked.IsReadOnly() || !asked.IsResourceRequest()
	if reads || slices.Contains(who.GetGroups(), user.SystemPrivilegedGroup) {
		return authorizer.DecisionAllow, "", nil
	}
	return authorizer.DecisionNoOpinion, "only " + user.SystemPrivilegedGroup + " may write", nil
}
