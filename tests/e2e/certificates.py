"""Authorities and certificates for links, made by the openssl command."""
import subprocess
import time

from harness import Skip
from linking import Node


def openssl(t, *arguments):
    try:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=t.dir)
    except FileNotFoundError:
        raise Skip("openssl is not installed") from None


def new_key(t, name, *arguments):
    openssl(t, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", *arguments)


def authority(t, name):
    new_key(t, name, "-x509", "-days", "30", "-out", f"{name}.pem")


def certificate(t, name, ca, days=20, also=()):
    """@param days Negative: it has expired. @param also Other names, as OpenSSL writes them."""
    new_key(t, name, "-out", f"{name}.csr")
    extensions = []
    if also:
        with open(t.path(f"{name}.ext"), "w", encoding="utf-8") as f:
            f.write("subjectAltName=" + ",".join(also) + "\n")
        extensions = ["-extfile", f"{name}.ext"]
    openssl(t, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial",
            "-days", str(days), "-out", f"{name}.pem", *extensions)


def short_lived_certificate(t, name, ca, seconds):
    new_key(t, name, "-out", f"{name}.csr")
    with open(t.path("ca.cnf"), "w", encoding="utf-8") as f:
        f.write("[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\npolicy=p\n"
                "default_md=sha256\nunique_subject=no\n[p]\ncommonName=supplied\n")
    open(t.path("index.txt"), "w", encoding="utf-8").close()
    with open(t.path("serial"), "w", encoding="utf-8") as f:
        f.write("1000\n")
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))
    openssl(t, "ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", f"{ca}.pem", "-keyfile", f"{ca}.key", "-in",
            f"{name}.csr", "-out", f"{name}.pem", "-enddate", end)


def tls(t, name, ca):
    return ["--node-certificate", t.path(f"{name}.pem"), "--node-key", t.path(f"{name}.key"),
            "--node-ca", t.path(f"{ca}.pem")]


def serving(t):
    authority(t, "ca")
    certificate(t, "a", "ca")
    return Node(t, "a", flags=tls(t, "a", "ca"))
