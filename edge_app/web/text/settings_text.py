"""The words of the settings page: names, hints, choices and what a change leads to, in the reader's language."""

from flask_babel import lazy_gettext as _l

# By section: its title, and what it is for.
SECTIONS = {
    "judging": (_l("How films are judged"), _l("Films that were read before keep what they were judged by.")),
    "keeping": (_l("What is kept, and for how long"), ""),
    "camera": (_l("Camera"), ""),
    "patient": (_l("What events tell"), _l("An event tells the verdict, the findings and the kind of device fault.")),
    "webhook": (_l("Events by webhook"), _l("Each event is posted as JSON, signed by the rules of Standard Webhooks.")),
    "mqtt": (_l("Events by MQTT"), _l("Each event is published; Home Assistant finds the device by itself.")),
}
# By setting: its name, and a hint.
FIELDS = {
    "prevalence": (
        _l("Of 100 patients filmed here, how many have COVID-19?"),
        _l("Leave it empty if it is not known. It changes no verdict, only how often one is said to be right."),
    ),
    "pneumonia_prevalence": (
        _l("Of 100 patients filmed here, how many have another pneumonia?"),
        _l("Leave it empty if it is not known."),
    ),
    "operating_point": (_l("Operating point"), _l("The rule that makes a score a verdict on COVID-19.")),
    "site": (
        _l("Calibration of this site"),
        _l("Signed files in the folder of the device's configuration; the signature is checked."),
    ),
    "keep_days": (
        _l("Days until a reading is deleted"),
        _l(
            "0 keeps them until they are erased. A shorter time holds for readings kept now too, a longer one for new "
            "ones."
        ),
    ),
    "films_mb": (
        _l("Megabytes of films at full resolution, for the viewer"),
        _l("The oldest are deleted first; their readings then show a smaller picture. 0 keeps none."),
    ),
    "keep_names": (
        _l("Keep the names of films' files"),
        _l("For readers of the page: such a name may be a patient's. Turned off, the names kept until now are erased."),
    ),
    "camera": (
        _l("Camera of the live page"),
        _l("auto, pi, /dev/video0 or the address of a camera, such as rtsp://camera/film. Empty for no live page."),
    ),
    "events_patient": (
        _l("Tell the patient label, the file's name and its SHA-256 too"),
        _l(
            "Without it nothing of the patient leaves this device. It needs an encrypted way: https, or MQTT under TLS."
        ),
    ),
    "webhook_on": (_l("Send events by webhook"), ""),
    "webhook_url": (
        _l("Address of the receiver"),
        _l("Such as https://receiver.clinic/xray. Redirects are not followed."),
    ),
    "webhook_authority": (_l("Who signed the receiver's certificate"), ""),
    "mqtt_on": (_l("Send events by MQTT"), ""),
    "mqtt_host": (_l("Broker"), _l("Its name or address, such as homeassistant.local.")),
    "mqtt_port": (_l("Port"), _l("1883; with TLS usually 8883.")),
    "mqtt_tls": (_l("Encrypt the connection (TLS)"), _l("Without it the password crosses the network readable.")),
    "mqtt_authority": (_l("Who signed the broker's certificate"), ""),
    "mqtt_user": (_l("User name"), _l("Leave it empty if the broker wants none.")),
    "mqtt_password": (
        _l("Password of the broker"),
        _l("It is kept and never shown. Leave it empty to keep the one that is set."),
    ),
    "mqtt_base": (_l("First part of the topics"), ""),
    "mqtt_discovery": (_l("Prefix of Home Assistant's discovery"), _l("Leave it empty to send no discovery.")),
}
RULES = {
    "refer": _l("refer: two strict thresholds, “unsure” between them"),
    "sensitive": _l("sensitive: misses few patients"),
    "balanced": _l("balanced: one threshold, fewest errors"),
}
NO_SITE, THE_SYSTEMS = _l("none: the thresholds of the model"), _l("an authority that this device's system knows")
EVENTS = {
    "webhook_needs_url": _l("An address is needed to send events to."),
    "mqtt_needs_host": _l("A broker is needed to send events to."),
    "not_encrypted": _l(
        "The patient label may leave this device only encrypted. Use https or TLS, or do not tell the patient label."
    ),
}
