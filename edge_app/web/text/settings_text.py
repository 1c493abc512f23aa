"""The words of the settings page: names, hints, choices and what a change leads to, in the reader's language."""

from flask_babel import lazy_gettext as _l

# By section: its title, and what it is for.
SECTIONS = {
    "judging": (
        _l("How films are judged"),
        _l("Readings made before a change keep the settings that they were made with."),
    ),
    "keeping": (_l("What is kept, and for how long"), ""),
    "camera": (_l("Camera"), ""),
    "patient": (
        _l("What events contain"),
        _l("An event contains the verdict, the findings and the kind of device fault."),
    ),
    "webhook": (
        _l("Events by webhook"),
        _l("Each event is sent as JSON by HTTP POST, signed as Standard Webhooks specifies."),
    ),
    "mqtt": (_l("Events by MQTT"), _l("Each event is published; Home Assistant finds the device by itself.")),
}
# By setting: its name, and a hint.
FIELDS = {
    "prevalence": (
        _l("How many of 100 people X-rayed here have COVID-19?"),
        _l(
            "Leave it empty if it is not known. It changes no verdict, only the figure of how often an answer is right."
        ),
    ),
    "pneumonia_prevalence": (
        _l("How many of 100 people X-rayed here have another pneumonia?"),
        _l("Leave it empty if it is not known."),
    ),
    "operating_point": (_l("Operating point"), _l("The rule that turns a score into a verdict on COVID-19.")),
    "site": (
        _l("Calibration of this site"),
        _l("Signed files in the folder of the device's configuration; the signature is checked."),
    ),
    "keep_days": (
        _l("Days until a reading is deleted"),
        _l(
            "0 keeps them until they are erased. A shorter time also applies to readings kept now, a longer one only "
            "to new ones."
        ),
    ),
    "films_mb": (
        _l("Megabytes of films at full resolution, for the viewer"),
        _l("The oldest are deleted first; their readings then show a smaller picture. 0 keeps none."),
    ),
    "keep_names": (
        _l("Keep the names of films' files"),
        _l(
            "All who open the page see these names, and one may be a patient's. Turning this off erases the "
            "names kept so far."
        ),
    ),
    "camera": (
        _l("Camera of the live page"),
        _l("auto, pi, /dev/video0 or the address of a camera, such as rtsp://camera/film. Empty for no live page."),
    ),
    "events_patient": (
        _l("Include the patient label, the file's name and its SHA-256"),
        _l(
            "Without it, no patient data leaves this device. It needs an encrypted connection: https, or MQTT with TLS."
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
    "mqtt_tls": (_l("Encrypt the connection (TLS)"), _l("Without it, the password crosses the network unencrypted.")),
    "mqtt_authority": (_l("Who signed the broker's certificate"), ""),
    "mqtt_user": (_l("User name"), _l("Leave it empty if the broker needs none.")),
    "mqtt_password": (
        _l("Password of the broker"),
        _l("It is kept and never shown. Leave it empty to keep the one that is set."),
    ),
    "mqtt_base": (_l("Prefix of the topics"), ""),
    "mqtt_discovery": (_l("Prefix of Home Assistant's discovery"), _l("Leave it empty to turn discovery off.")),
}
RULES = {
    "refer": _l("refer: two strict thresholds, “unsure” between them"),
    "sensitive": _l("sensitive: misses few patients"),
    "balanced": _l("balanced: one threshold, fewest errors"),
}
NO_SITE, THE_SYSTEMS = _l("none: the thresholds of the model"), _l("an authority that this device's system knows")
EVENTS = {
    "webhook_needs_url": _l("The address is missing; enter it, or turn the webhook off."),
    "mqtt_needs_host": _l("The broker is missing; enter its name, or turn MQTT off."),
    "not_encrypted": _l(
        "The patient label may leave this device only encrypted. Use https or TLS, or do not include the patient label."
    ),
}
