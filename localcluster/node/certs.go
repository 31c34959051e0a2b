package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Ten years: nothing renews certificates here, and a cluster is not meant to grow that old.
const validity = 10 * 365 * 24 * time.Hour

// leaf is one certificate to make: who it names, and the addresses it serves, if any.
type leaf struct {
	file         string
	commonName   string
	organization string
	names        []string
	addresses    []net.IP
}

// authority signs the leaves.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// runCerts writes a certificate authority and everything that it signs into a directory.
func runCerts() {
	flags := flag.NewFlagSet("certs", flag.ExitOnError)
	directory := flags.String("dir", "", "directory to write to")
	node := flags.String("node-name", "", "name of the node")
	address := flags.String("node-ip", "", "address of the node")
	service := flags.String("service-ip", "10.96.0.1", "address of the Service `kubernetes`")
	if err := flags.Parse(os.Args[1:]); err != nil {
		os.Exit(64) // not reached: ExitOnError has ended the program
	}
	if err := writeAll(*directory, *node, net.ParseIP(*address), net.ParseIP(*service)); err != nil {
		fmt.Fprintln(os.Stderr, "certs:", err)
		os.Exit(1)
	}
}

func writeAll(directory, node string, address, service net.IP) error {
	if directory == "" || node == "" || address == nil || service == nil {
		return fmt.Errorf("--dir, --node-name and --node-ip are needed")
	}
	ca, err := openAuthority(directory)
	if err != nil {
		return err
	}
	for _, wanted := range leaves(node, address, service) {
		if err := ca.issue(directory, wanted); err != nil {
			return err
		}
	}
	return writeServiceAccountKey(directory)
}

// leaves lists who takes part in the cluster. The names and organizations are what Kubernetes'
// own role bindings refer to; coredns and the provisioner have bindings of ours.
func leaves(node string, address, service net.IP) []leaf {
	loopback := net.IPv4(127, 0, 0, 1)
	return []leaf{
		{
			file: "apiserver", commonName: "kube-apiserver",
			names: []string{
				node, "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
				"kubernetes.default.svc.cluster.local",
			},
			addresses: []net.IP{loopback, address, service},
		},
		{
			file: "kubelet-server", commonName: "system:node:" + node,
			names: []string{node}, addresses: []net.IP{loopback, address},
		},
		{file: "kubelet", commonName: "system:node:" + node, organization: "system:nodes"},
		{file: "apiserver-kubelet-client", commonName: "kube-apiserver", organization: "system:masters"},
		{file: "admin", commonName: "kubernetes-admin", organization: "system:masters"},
		{file: "controller-manager", commonName: "system:kube-controller-manager"},
		{file: "scheduler", commonName: "system:kube-scheduler"},
		{file: "proxy", commonName: "system:kube-proxy"},
		{file: "coredns", commonName: "localcluster:coredns"},
		{file: "provisioner", commonName: "localcluster:provisioner"},
	}
}

// openAuthority takes the authority that is there, so that who trusts it goes on doing so, or makes one.
func openAuthority(directory string) (*authority, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(directory, "ca.crt"), filepath.Join(directory, "ca.key"))
	if errors.Is(err, os.ErrNotExist) {
		return newAuthority(directory)
	}
	if err != nil {
		return nil, err
	}
	key, isECDSA := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !isECDSA {
		return nil, fmt.Errorf("ca.key in %s was not made by this program", directory)
	}
	return &authority{pair.Leaf, key}, nil
}

func newAuthority(directory string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := newTemplate("localcluster", "")
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{certificate, key}, writePair(directory, "ca", der, key)
}

func (ca *authority) issue(directory string, wanted leaf) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template, err := newTemplate(wanted.commonName, wanted.organization)
	if err != nil {
		return err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(wanted.addresses) > 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	template.DNSNames = wanted.names
	template.IPAddresses = wanted.addresses
	der, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, &key.PublicKey, ca.key)
	if err != nil {
		return err
	}
	return writePair(directory, wanted.file, der, key)
}

func newTemplate(commonName, organization string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	subject := pkix.Name{CommonName: commonName}
	if organization != "" {
		subject.Organization = []string{organization}
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		// An hour back: tests move clocks.
		NotBefore: now.Add(-time.Hour),
		NotAfter:  now.Add(validity),
	}, nil
}

func writePair(directory, name string, der []byte, key *ecdsa.PrivateKey) error {
	block := &pem.Block{Type: "CERTIFICATE", Bytes: der}
	path := filepath.Join(directory, name+".crt")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		return err
	}
	return writeKey(directory, name, key)
}

func writeKey(directory, name string, key *ecdsa.PrivateKey) error {
	// Not PKCS #8: kube-apiserver takes a service account's public key out of this form only.
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}
	return os.WriteFile(filepath.Join(directory, name+".key"), pem.EncodeToMemory(block), 0o600)
}

// writeServiceAccountKey makes the key that signs service account tokens, once: with another one
// every token in the cluster would be void.
func writeServiceAccountKey(directory string) error {
	if _, err := os.Stat(filepath.Join(directory, "service-account.key")); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return writeKey(directory, "service-account", key)
}
