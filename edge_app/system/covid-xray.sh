#!/bin/sh
# /usr/bin/covid-xray. Root and the services' user use the services' store and models; every other user has their own.
if [ -w /var/lib/covid-xray ]; then
  export COVID_XRAY_STORE="${COVID_XRAY_STORE:-/var/lib/covid-xray/results.sqlite}"
  export COVID_XRAY_MODELS="${COVID_XRAY_MODELS:-/var/lib/covid-xray/models}"
  # As the services have it; an empty one in the environment means none.
  export COVID_XRAY_SITE="${COVID_XRAY_SITE-$(sed -n 's/^COVID_XRAY_SITE=//p' /etc/covid-xray/covid-xray.conf 2>/dev/null)}"
  export COVID_XRAY_STATE="${COVID_XRAY_STATE:-/var/lib/covid-xray/page}"
fi
exec /opt/covid-xray/current/bin/covid-xray "$@"
