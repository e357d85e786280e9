#!/bin/sh
# Checks what lies in its folder as evidence of one document, with sha256sum, xmlsec1 and openssl alone
# (and what belongs to every system beside sha256sum: cat, date, sort, tail, tr, base64).
#
#     sh verify.sh
#
# One line a check; exit code 0 when all hold, 1 when any does not. What is checked, beside the SHA-256 of
# each file, stands in verify.list, one check a line:
#
#   certificate FILE SHA256           its fingerprint is this
#   message UNSIGNED SIGNED CERTIFICATE MOMENT ELEMENT VALUE
#                                     the certificate's key signed the whole of it, it was valid at the moment
#                                     (seconds since 1970), ELEMENT says VALUE, and nothing else was signed
#                                     than what was made before
#   receipt FILE CERTIFICATE MOMENT ELEMENT VALUE
#                                     the same of what customs sent
#   envelope CAME OPENED              what came has this in it
#   seal NUMBER BEFORE DIGEST MOMENT CHAIN
#                                     the seal, set at the moment, stands on the one before it
#
# That a certificate is the enterprise's or customs' own is not for a script to know: compare the SHA-256
# that it prints with what its owner tells you.

LC_ALL=C
export LC_ALL
NL='
'
TAB=$(printf '\t')
faults=0
# The certificates that were looked at: file, and from when to when it is valid.
known=$NL

ok() { printf 'ok     %s\n' "$*"; }
fault() {
    printf 'FAULT  %s\n' "$*"
    faults=$((faults + 1))
}
finish() {
    if [ "$faults" -eq 0 ]; then
        printf 'All checks hold.\n'
        exit 0
    fi
    printf 'Checks that do not hold: %s\n' "$faults"
    exit 1
}

case $0 in
*/*) cd "${0%/*}" || exit 1 ;;
esac
for tool in sha256sum xmlsec1 openssl; do
    command -v "$tool" > /dev/null || fault "program $tool: not found"
done
[ "$faults" -eq 0 ] || finish

# From 1.3 on, xmlsec1 has to be told that the key is the one that it was given.
case $(xmlsec1 --version) in
*" 1.2."*) lax= ;;
*) lax=--lax-key-search ;;
esac

# Every file below a folder, whoever put it there.
walk() {
    for each in "$1"* "$1".[!.]*; do
        if [ -d "$each" ]; then
            (walk "$each/")
        elif [ -e "$each" ]; then
            printf '%s\n' "$each"
        fi
    done
}

# Sets made, since and until to what openssl tells of a certificate.
look_at() {
    made= since= until=
    told=$(openssl x509 -in "$1" -noout -fingerprint -sha256 -startdate -enddate 2> /dev/null) || return 1
    while IFS='=' read -r key value; do
        case $key in
        *ingerprint) made=$(printf '%s' "$value" | tr -d ':' | tr 'A-F' 'a-f') ;;
        notBefore) since=$(date -u -d "$value" +%s) || return 1 ;;
        notAfter) until=$(date -u -d "$value" +%s) || return 1 ;;
        esac
    done << TOLD
$told
TOLD
}

# Whether a certificate that was looked at before is valid at a moment.
valid() {
    case $known in
    *"$NL$1 "*) ;;
    *) return 1 ;;
    esac
    dates=${known#*"$NL$1 "}
    dates=${dates%%"$NL"*}
    [ "$2" -ge "${dates% *}" ] && [ "$2" -le "${dates#* }" ]
}

# What xmlsec1 has digested, taken from what it tells: the very bytes that a signature covers.
digested() {
    body=${1#*"== PreDigest data - start buffer:$NL"}
    [ "$body" != "$1" ] || return 1
    body=${body%"$NL== PreDigest data - end buffer"*}
    case $body in
    *"== PreDigest data - start buffer:"*) return 1 ;;
    esac
}

# Sets body to what a certificate's key has signed in a file, if it has.
verified() {
    told=$(xmlsec1 --verify $lax --enabled-key-data key-name --enabled-reference-uris empty \
        --pubkey-cert-pem "$1" --store-references --print-debug "$2" 2> /dev/null) || return 1
    digested "$told"
}

# Sets body to the canonical form of an unsigned file: what would be digested if it were signed.
canonical() {
    algorithm=http://www.w3.org/TR/2001/REC-xml-c14n-20010315
    seal='<s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"><s:SignedInfo>'
    seal="$seal<s:CanonicalizationMethod Algorithm=\"$algorithm\"/>"
    seal="$seal<s:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\"/>"
    seal="$seal<s:Reference URI=\"\"><s:Transforms>"
    seal="$seal<s:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>"
    seal="$seal<s:Transform Algorithm=\"$algorithm\"/></s:Transforms>"
    seal="$seal<s:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><s:DigestValue/>"
    seal="$seal</s:Reference></s:SignedInfo><s:SignatureValue/></s:Signature>"
    text=$(cat "$1") || return 1
    # Only its canonical form is wanted, so that any key will do.
    told=$(printf '%s' "${text%</*}$seal</${text##*</}" | xmlsec1 --sign --hmackey SHA256SUMS \
        --store-references --print-debug --output /dev/null - 2> /dev/null) || return 1
    digested "$told"
}

# Whether an element of what was signed says something.
says() {
    case $body in
    *[:\<]"$1>$2</"*) return 0 ;;
    esac
    return 1
}

check_certificate() {
    if look_at "$1" && [ "$made" = "$2" ]; then
        ok "$1: its SHA-256 is $2"
        known="$known$1 $since $until$NL"
    else
        fault "$1: its SHA-256 is not $2"
    fi
}

check_message() {
    if verified "$3" "$2"; then
        ok "$2: signed by $3"
        if says "$5" "$6"; then ok "$2: $5 is $6"; else fault "$2: $5 is not $6"; fi
        signed=$body
        if canonical "$1" && [ "$body" = "$signed" ]; then
            ok "$2: what was signed is $1"
        else
            fault "$2: what was signed is not $1"
        fi
    else
        fault "$2: not signed by $3"
    fi
    check_valid "$2" "$3" "$4"
}

check_receipt() {
    if [ "$2" = - ]; then
        fault "$1: the certificate that signed it is not pinned"
        return
    fi
    if verified "$2" "$1"; then
        ok "$1: signed by $2"
        if says "$4" "$5"; then ok "$1: $4 is $5"; else fault "$1: $4 is not $5"; fi
    else
        fault "$1: not signed by $2"
    fi
    check_valid "$1" "$2" "$3"
}

check_valid() {
    if valid "$2" "$3"; then
        ok "$1: the certificate was valid at $(date -u -d "@$3" '+%Y-%m-%d %H:%M:%S UTC')"
    else
        fault "$1: the certificate was not valid at its moment"
    fi
}

check_envelope() {
    case $(tr -d ' \t\r\n' < "$1") in
    *">$(base64 -w 0 < "$2")<"*) ok "$1: has $2 in it" ;;
    *) fault "$1: has not $2 in it" ;;
    esac
}

check_seal() {
    made=$(printf '%s%s%s' "$2" "$3" "$4" | sha256sum)
    if [ "${made%% *}" = "$5" ]; then ok "seal $1: in the chain, set at $4"; else fault "seal $1: not in the chain"; fi
}

contents=$(cat contents.json)
present=$(walk '' | sort)
listed=$(
    set -f
    IFS=$NL
    for name in $present; do
        [ "$name" = SHA256SUMS ] || set -- "$@" "$name"
    done
    sha256sum -- "$@"
    printf .
)
while read -r digest name; do
    case $NL$listed in
    *"$NL$digest  $name$NL"*) ;;
    *)
        fault "$name: another SHA-256, or not there"
        continue
        ;;
    esac
    case $name:$contents in
    contents.json:* | *"\"name\": \"$name\",$NL   \"sha256\": \"$digest\","*) ok "$name: SHA-256" ;;
    *) fault "$name: contents.json tells something else" ;;
    esac
done < SHA256SUMS
if [ "$listed" = "$(cat SHA256SUMS; printf .)" ]; then
    ok "SHA256SUMS: these files and no others"
else
    fault "SHA256SUMS: other files than are here"
fi

while IFS=$TAB read -r kind a b c d e f; do
    case $kind in
    certificate) check_certificate "$a" "$b" ;;
    message) check_message "$a" "$b" "$c" "$d" "$e" "$f" ;;
    receipt) check_receipt "$a" "$b" "$c" "$d" "$e" ;;
    envelope) check_envelope "$a" "$b" ;;
    seal) check_seal "$a" "$b" "$c" "$d" "$e" ;;
    *) fault "verify.list: $kind is no check" ;;
    esac
done < verify.list

finish
