#!/bin/sh
# /usr/bin/covid-xray. Root and the services' user use the services' store and models; every other user has their own.
if [ -w /var/lib/covid-xray ]; then
  export COVID_XRAY_STORE="${COVID_XRAY_STORE:-/var/lib/covid-xray/results.sqlite}"
  export COVID_XRAY_MODELS="${COVID_XRAY_MODELS:-/var/lib/covid-xray/models}"
  export COVID_XRAY_STATE="${COVID_XRAY_STATE:-/var/lib/covid-xray/page}"
fi
exec /opt/covid-xray/current/bin/covid-xray "$@"
